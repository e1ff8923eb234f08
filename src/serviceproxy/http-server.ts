import type { IncomingMessage, Server } from "node:http";
import { http } from "../role/http.ts";
import type { Logger } from "../role/log.ts";

export interface Answer {
  status: number;
  type: string;
  body: string;
}

/** Answers by path; what is not there gets 404. */
export type Pages = Readonly<Record<string, () => Answer | Promise<Answer>>>;

const retryInterval = 5000;

/** "0.0.0.0:10256", "[::]:10256"; undefined when it is neither. */
export function parseBindAddress(text: string): { host: string; port: number } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const number = Number(port);
  return port === undefined || number > 65_535 ? undefined : { host: bracketed ?? (plain || "0.0.0.0"), port: number };
}

/**
 * Serves a few pages for probes and scrapers. An address that is taken is tried again: a health port is no reason to stop serving traffic.
 * `onFailure` is told each time.
 */
export function servePages(
  address: { host: string; port: number },
  pages: Pages,
  log: Logger,
  onFailure: (error: Error) => void = () => {},
): { close(): void } {
  const server: Server = http.createServer({ requestTimeout: 10_000, headersTimeout: 5000 }, (request, response) => {
    request.resume();
    const send = ({ status, type, body }: Answer) => {
      response.writeHead(status, { "content-type": type, "x-content-type-options": "nosniff" });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    answer(pages, request).then(send, (error: Error) => {
      log.error({ err: error, path: request.url }, "a page failed");
      send({ status: 500, type: "text/plain", body: `${error.message}\n` });
    });
  });
  server.maxConnections = 64;
  let timer: NodeJS.Timeout | undefined;
  server.on("error", (error) => {
    log.warn({ err: error, ...address }, "cannot listen; trying again");
    onFailure(error);
    timer = setTimeout(() => server.listen(address), retryInterval);
  });
  server.listen(address);
  return {
    close() {
      clearTimeout(timer);
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(pages: Pages, { url = "/", method }: IncomingMessage): Promise<Answer> {
  const path = url.split("?")[0]!;
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  const known = method === "GET" || method === "HEAD";
  return page !== undefined && known ? page() : { status: 404, type: "text/plain", body: "not found\n" };
}

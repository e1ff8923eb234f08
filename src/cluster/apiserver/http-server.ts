import { constants } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Answer, Incoming } from "./answer.ts";
import { errorAnswer } from "./answer.ts";
import { userOfSocket } from "./authentication/certificate.ts";
import { maxBody } from "./body.ts";
import type { Handler } from "./handler.ts";
import { badRequest, tooLarge, tooManyRequests, unauthorized } from "./status.ts";

export interface ServerOptions {
  /** PEM texts. `ca` signs client certificates. */
  certificate: string;
  key: string;
  ca: string;
  handler: Handler;
  /** Whether a request may take its connection over; an Upgrade header on any other is no more than a header. */
  mayUpgrade(request: IncomingMessage): boolean;
  /** Takes the connection over (exec, attach). */
  upgrade(incoming: Incoming, socket: Duplex, head: Buffer): void;
}

/** Connections at a time: every one costs a file descriptor and TLS buffers. */
const maxConnections = 4096;
/** Requests at a time that are no streams: each may hold a list of everything. */
const maxInFlight = 400;
/** How long a client may take to read an answer that is no stream. Milliseconds. */
const answerTimeout = 60_000;

/** The HTTPS listener: bounds what comes in, says who the client certificate speaks for, and writes answers with back-pressure. */
export function createHttpsServer(options: ServerOptions): Server {
  const { certificate, key, ca, handler } = options;
  let inFlight = 0;
  const bounded: Handler = async (incoming) => {
    if (inFlight >= maxInFlight) return errorAnswer(tooManyRequests("too many requests at a time: try again later"));
    inFlight += 1;
    return handler(incoming).finally(() => {
      inFlight -= 1;
    });
  };
  const server = createServer(
    {
      cert: certificate,
      key,
      ca,
      requestCert: true,
      // Refused with a Status instead of a broken handshake.
      rejectUnauthorized: false,
      minVersion: "TLSv1.2",
      ALPNProtocols: ["http/1.1"],
      // A resumed session would not show the client's certificate again.
      secureOptions: constants.SSL_OP_NO_TICKET,
      maxHeaderSize: 32 << 10,
      headersTimeout: 15_000,
      requestTimeout: 60_000,
      // Go's HTTP client keeps idle connections for 90 s; the side that is not asked must not close first.
      keepAliveTimeout: 120_000,
      handshakeTimeout: 15_000,
      noDelay: true,
      // A client that vanished without a word is noticed by the kernel.
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      shouldUpgradeCallback: options.mayUpgrade,
    },
    (request, response) => {
      serve(bounded, request, response).catch(() => request.socket.destroy());
    },
  );
  server.maxConnections = maxConnections;
  server.on("upgrade", (request, socket: Duplex, head) => {
    socket.on("error", () => socket.destroy());
    const ending = new AbortController();
    socket.once("close", () => ending.abort());
    const incoming = incomingOf(request, ending.signal);
    if (incoming === undefined) socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
    else options.upgrade(incoming, socket, head);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
    const tooBig = error.code === "HPE_HEADER_OVERFLOW";
    socket.end(
      `HTTP/1.1 ${tooBig ? "431 Request Header Fields Too Large" : "400 Bad Request"}\r\nConnection: close\r\n\r\n`,
    );
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}

async function serve(handler: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const ending = new AbortController();
  response.once("close", () => ending.abort());
  response.on("error", () => ending.abort());
  const incoming = incomingOf(request, ending.signal);
  const answer = incoming === undefined ? errorAnswer(unauthorized()) : await handler(incoming);
  await send(answer, request, response);
}

/** undefined: the client showed a certificate that counts for nothing. */
function incomingOf(request: IncomingMessage, signal: AbortSignal): Incoming | undefined {
  const user = userOfSocket(request.socket as TLSSocket);
  if (user === "invalid") return undefined;
  return {
    method: request.method ?? "GET",
    target: request.url ?? "/",
    headers: request.headers as Record<string, string | undefined>,
    body: () => readBody(request),
    signal,
    user,
  };
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const message = `the request body is larger than ${maxBody} bytes`;
  if (Number(request.headers["content-length"] ?? 0) > maxBody) throw tooLarge(message);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBody) throw tooLarge(message);
      chunks.push(chunk);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ECONNRESET") throw badRequest("the request body was cut off");
    throw error;
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

async function send(answer: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, headers, body } = answer;
  headers["cache-control"] ??= "no-cache, private";
  // What is left of a body that nobody read would be taken for the next request.
  if (!request.complete) headers.connection = "close";
  if (typeof body === "string" || body instanceof Uint8Array) {
    headers["content-length"] = String(Buffer.byteLength(body));
    response.writeHead(status, headers);
    response.end(request.method === "HEAD" ? undefined : body);
    const timer = setTimeout(() => response.destroy(), answerTimeout);
    response.once("close", () => clearTimeout(timer));
    return;
  }
  response.writeHead(status, headers);
  response.flushHeaders();
  for await (const chunk of body) {
    if (response.destroyed) break;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

/** Resolves when the client has read on, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
    if (response.destroyed) done();
  });
}

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
import { QueueBudget } from "./watch-stream.ts";

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
/** Requests at a time that are no streams: each may hold a list of everything. Those whose bodies are still coming do not count. */
const maxInFlight = 400;
/** Bytes of bodies that are still coming, in all; the first ones of each do not count. */
const maxComing = 256 << 20;
const smallBody = 64 << 10;
/** How long a client may take to read an answer that is no stream. Milliseconds. */
const answerTimeout = 60_000;
/** Bytes of large answers that their clients have not read yet, in all; and what counts as large. */
const maxUnread = 256 << 20;
const largeAnswer = 64 << 10;
/** How long what a client still sends is thrown away after its answer, so that it can read the answer before the connection ends. Milliseconds. */
const lingerTimeout = 5000;

/** Bytes that all clients together may have waiting here. */
interface Budgets {
  coming: QueueBudget;
  unread: QueueBudget;
}

/** The HTTPS listener: bounds what comes in, says who the client certificate speaks for, and writes answers with back-pressure. */
export function createHttpsServer(options: ServerOptions): Server {
  const { certificate, key, ca, handler } = options;
  const budgets: Budgets = { coming: new QueueBudget(maxComing), unread: new QueueBudget(maxUnread) };
  let inFlight = 0;
  const bounded: Handler = async (incoming) => {
    if (inFlight >= maxInFlight) return errorAnswer(tooManyRequests("too many requests at a time: try again later"));
    inFlight += 1;
    const body = () => {
      inFlight -= 1;
      return incoming.body().finally(() => {
        inFlight += 1;
      });
    };
    return handler({ ...incoming, body }).finally(() => {
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
      requestTimeout: 30_000,
      // How late these two may be noticed.
      connectionsCheckingInterval: 5000,
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
      serve(bounded, request, response, budgets).catch(() => request.socket.destroy());
    },
  );
  server.maxConnections = maxConnections;
  server.on("upgrade", (request, socket: Duplex, head) => {
    socket.on("error", () => socket.destroy());
    const ending = new AbortController();
    socket.once("close", () => ending.abort());
    const incoming = incomingOf(request, ending.signal, budgets);
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

async function serve(
  handler: Handler,
  request: IncomingMessage,
  response: ServerResponse,
  budgets: Budgets,
): Promise<void> {
  const ending = new AbortController();
  response.once("close", () => ending.abort());
  response.on("error", () => ending.abort());
  const incoming = incomingOf(request, ending.signal, budgets);
  const answer = incoming === undefined ? errorAnswer(unauthorized()) : await handler(incoming);
  await send(answer, request, response, budgets.unread);
}

/** undefined: the client showed a certificate that counts for nothing. */
function incomingOf(request: IncomingMessage, signal: AbortSignal, { coming }: Budgets): Incoming | undefined {
  const user = userOfSocket(request.socket as TLSSocket);
  if (user === "invalid") return undefined;
  return {
    method: request.method ?? "GET",
    target: request.url ?? "/",
    headers: request.headers as Record<string, string | undefined>,
    body: () => readBody(request, coming),
    signal,
    user,
  };
}

async function readBody(request: IncomingMessage, budget: QueueBudget): Promise<Uint8Array> {
  const message = `the request body is larger than ${maxBody} bytes`;
  if (Number(request.headers["content-length"] ?? 0) > maxBody) throw tooLarge(message);
  const chunks: Buffer[] = [];
  let size = 0;
  let counted = 0;
  try {
    // The answer still goes out over this connection.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBody) throw tooLarge(message);
      if (size > smallBody) {
        if (!budget.take(chunk.length)) throw tooManyRequests("too many large requests at a time: try again later");
        counted += chunk.length;
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ECONNRESET") throw badRequest("the request body was cut off");
    throw error;
  } finally {
    budget.giveBack(counted);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

async function send(
  answer: Answer,
  request: IncomingMessage,
  response: ServerResponse,
  unread: QueueBudget,
): Promise<void> {
  const { status, headers, body, readTimeout } = answer;
  headers["cache-control"] ??= "no-cache, private";
  // What is left of a body that nobody read would be taken for the next request.
  if (!request.complete) headers.connection = "close";
  if (typeof body === "string" || body instanceof Uint8Array) {
    const length = Buffer.byteLength(body);
    const counted = length > largeAnswer ? length : 0;
    if (!unread.take(counted)) {
      const refusal = tooManyRequests("too many answers wait for their clients to read them: try again later");
      return send(errorAnswer(refusal), request, response, unread);
    }
    headers["content-length"] = String(length);
    response.writeHead(status, headers);
    const timer = setTimeout(() => response.destroy(), answerTimeout);
    response.once("close", () => {
      clearTimeout(timer);
      unread.giveBack(counted);
    });
    const content = request.method === "HEAD" ? "" : body;
    if (request.complete) return void response.end(content);
    response.write(content);
    await ended(request, lingerTimeout);
    response.end();
    return;
  }
  response.writeHead(status, headers);
  response.flushHeaders();
  for await (const chunk of body) {
    if (response.destroyed) break;
    if (!response.write(chunk)) await drained(response, readTimeout);
  }
  response.end();
}

/** Throws away what is left of a request; resolves at its end, or after `patience` milliseconds. */
function ended(request: IncomingMessage, patience: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patience);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    request.once("close", done);
    if (request.closed) done();
    request.resume();
  });
}

/** Resolves when the client has read on, or is gone: it is cut off when it does not read in time (milliseconds). */
function drained(response: ServerResponse, patience: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = patience === undefined ? undefined : setTimeout(() => response.destroy(), patience);
    const done = () => {
      clearTimeout(timer);
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
    if (response.destroyed) done();
  });
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { http } from "../../../role/http.ts";
import type { HttpRequest, Listener } from "./program.ts";

type Handle = Extract<Listener, { protocol: "http" }>["handle"];

/** What the frontend needs of the container that a connection belongs to. */
export interface HttpContainer {
  readonly program: { server: string };
  readonly stopping: boolean;
  log(line: string): void;
}

interface Connection {
  container: HttpContainer;
  handle: Handle;
  /** Kept, because a closed socket has forgotten it. */
  client: string;
  /** Answers under way (pipelined requests make more than one). */
  busy: Set<ServerResponse>;
}

/**
 * One HTTP server for all containers of the node. It listens on nothing itself: containers hand it the connections that they accepted, so
 * hundreds of them share one parser pool, one set of timers and one handler.
 */
export class HttpFrontend {
  readonly #connections = new WeakMap<Socket, Connection>();
  readonly #server = http.createServer({
    keepAliveTimeout: 75_000,
    // Requests with odd headers are what a proxy in front is tested with; they are shown, not judged. Framing stays strict.
    requireHostHeader: false,
  });

  constructor() {
    // Node's header and request timeouts run only on a server that listens; silence on a connection is bounded on any.
    this.#server.timeout = 120_000;
    this.#server.on("request", (request, response) => this.#answer(request, response));
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
      if (socket.writable && error.code !== "ECONNRESET") {
        const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
        socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      } else socket.destroy();
    });
  }

  serve(socket: Socket, container: HttpContainer, handle: Handle): void {
    this.#connections.set(socket, { container, handle, client: socket.remoteAddress ?? "-", busy: new Set() });
    this.#server.emit("connection", socket);
  }

  /** Ends a connection after the answers under way; false when it is not an HTTP connection. */
  finish(socket: Socket): boolean {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return false;
    if (connection.busy.size === 0) socket.end();
    for (const response of connection.busy) if (!response.headersSent) response.setHeader("Connection", "close");
    return true;
  }

  /** Stops the timers of the server. */
  close(): void {
    this.#server.close();
  }

  #answer(message: IncomingMessage, response: ServerResponse): void {
    const { socket } = message;
    const connection = this.#connections.get(socket);
    if (connection === undefined) return void socket.destroy();
    const { container, handle } = connection;
    connection.busy.add(response);
    response.once("close", () => {
      connection.busy.delete(response);
      container.log(accessLine(connection.client, message, response));
      if (container.stopping && connection.busy.size === 0) socket.end();
    });
    response.setHeader("Server", container.program.server);
    if (container.stopping) response.setHeader("Connection", "close");
    const target = message.url ?? "/";
    const split = target.indexOf("?");
    const request = Object.assign(message, {
      path: decodePath(split < 0 ? target : target.slice(0, split)),
      query: new URLSearchParams(split < 0 ? "" : target.slice(split + 1)),
    }) as HttpRequest;
    // An unread body would stop the connection after the answer.
    response.once("finish", () => request.resume());
    try {
      Promise.resolve(handle(request, response)).catch((error) => fail(response, container, error));
    } catch (error) {
      fail(response, container, error);
    }
  }
}

function fail(response: ServerResponse, container: HttpContainer, error: unknown): void {
  container.log(`error: ${error instanceof Error ? error.message : String(error)}`);
  if (response.headersSent) response.destroy();
  else response.writeHead(500, { "Content-Type": "text/plain" }).end("internal error\n");
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The combined log format of nginx and httpd, without the user. */
function accessLine(client: string, request: IncomingMessage, response: ServerResponse): string {
  const agent = request.headers["user-agent"] ?? "-";
  const line = `${request.method} ${request.url} HTTP/${request.httpVersion}`;
  const status = response.writableFinished ? response.statusCode : 499;
  return `${client} - - [${new Date().toISOString()}] ${JSON.stringify(line)} ${status} ${JSON.stringify(agent.slice(0, 256))}`;
}

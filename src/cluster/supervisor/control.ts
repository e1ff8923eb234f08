import { chmod } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { type ControlReply, type ControlRequest, parseRequest } from "./protocol.ts";

const maximumRequest = 4096;
const maximumReply = 8 << 20;
/** Milliseconds without a byte until a connection is closed on which a request, or its answer, is on the way. */
const idle = 600_000;

export type ControlHandler = (request: ControlRequest) => Promise<unknown>;

/** Answers requests on a unix socket that only its owner may use. */
export async function serveControl(path: string, handle: ControlHandler): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.setTimeout(idle, () => socket.destroy());
    void readLine(socket, maximumRequest)
      .then(async (line) => {
        // How long an answer may take is for whoever asks.
        socket.setTimeout(0);
        return handle(parseRequest(line));
      })
      .then(
        (result): ControlReply => ({ ok: true, result }),
        (error: Error): ControlReply => ({ ok: false, error: error.message }),
      )
      .then((reply) => socket.setTimeout(idle).end(`${JSON.stringify(reply)}\n`));
  });
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return server;
}

/** A supervisor that cannot be spoken to. */
export class NotRunningError extends Error {}

/** A cluster that is somebody else's. */
export class ForbiddenError extends Error {}

/**
 * Asks a running supervisor. Rejects with NotRunningError when none listens, with ForbiddenError when it is not ours to ask, with its message
 * when it refuses, and with an Error when no answer comes within `timeout` milliseconds.
 */
export async function askSupervisor<T>(path: string, request: ControlRequest, timeout = 30_000): Promise<T> {
  const socket = connect(path);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", (error: NodeJS.ErrnoException) => reject(whyNotConnected(error)));
    });
    socket.setTimeout(timeout, () => socket.destroy(new Error(`the supervisor did not answer within ${timeout} ms`)));
    socket.write(`${JSON.stringify(request)}\n`);
    const reply = JSON.parse(await readLine(socket, maximumReply)) as ControlReply<T>;
    if (!reply.ok) throw new Error(reply.error);
    return reply.result;
  } finally {
    socket.destroy();
  }
}

function whyNotConnected(error: NodeJS.ErrnoException): Error {
  if (error.code === "ENOENT" || error.code === "ECONNREFUSED") return new NotRunningError(error.message);
  if (error.code === "EACCES" || error.code === "EPERM")
    return new ForbiddenError(`a cluster is for root only: run it as root, with sudo (${error.message})`);
  return error;
}

function readLine(socket: Socket, maximum: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > maximum) reject(new Error(`a message is longer than ${maximum} characters`));
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the connection closed before a message was complete")));
  });
}

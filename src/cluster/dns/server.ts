import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Logger } from "../../role/log.ts";
import { decodeQuery } from "./decode.ts";
import { emptyAnswer, encodeAnswer, encodeError, lengthLimit } from "./encode.ts";
import { type Answer, type Query, responseCode } from "./message.ts";

export type Resolve = (query: Query) => Answer;

export interface DnsServer {
  /** What was asked for, or what the kernel chose for 0. */
  readonly port: number;
  stop(): Promise<void>;
}

/** A client that says nothing for this long is disconnected (RFC 7766 asks for seconds). */
const idleTimeout = 10_000;
const maximumConnections = 256;

/** Listens on UDP and TCP at once; rejects when either cannot (EADDRINUSE, EADDRNOTAVAIL, EACCES). */
export async function startDnsServer(address: string, port: number, resolve: Resolve, log: Logger): Promise<DnsServer> {
  const udp = createSocket("udp4");
  udp.on("message", (message: Buffer, { address: to, port: toPort }: RemoteInfo) => {
    const reply = respond(message, "udp", resolve);
    // A client that is gone already is no trouble of ours.
    if (reply !== undefined && toPort !== 0) udp.send(reply, toPort, to, () => {});
  });
  const connections = new Set<Socket>();
  const tcp = createServer((socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
    serveStream(socket, resolve);
  });
  tcp.maxConnections = maximumConnections;
  try {
    udp.bind({ address, port });
    await once(udp, "listening");
    tcp.listen({ host: address, port: udp.address().port });
    await once(tcp, "listening");
  } catch (error) {
    udp.close();
    throw error;
  }
  for (const listener of [udp, tcp])
    listener.on("error", (error: Error) => log.warn({ error: error.message }, "DNS socket"));
  log.info({ address, port: udp.address().port }, "DNS listens");
  return {
    port: udp.address().port,
    async stop() {
      const closed = [once(udp, "close"), once(tcp, "close")];
      udp.close();
      tcp.close();
      for (const connection of connections) connection.destroy();
      await Promise.all(closed);
    },
  };
}

/** The answer's bytes to a message's; undefined when it is none that may be answered. */
export function respond(message: Buffer, protocol: "udp" | "tcp", resolve: Resolve): Buffer | undefined {
  const decoded = decodeQuery(message);
  if (decoded.kind === "drop") return undefined;
  if (decoded.kind === "error") return encodeError(decoded.id, decoded.opcode, decoded.recursionDesired, decoded.code);
  const { query } = decoded;
  const answer = (query.edns?.version ?? 0) > 0 ? emptyAnswer(responseCode.BADVERS) : resolve(query);
  return encodeAnswer(query, answer, lengthLimit(query, protocol));
}

/** RFC 7766: messages with a length in front, any number of them on one connection, answered in order. */
function serveStream(socket: Socket, resolve: Resolve): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.setTimeout(idleTimeout, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("drain", () => socket.resume());
  socket.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 2) {
      const length = rest.readUInt16BE(0);
      if (rest.length < 2 + length) break;
      const reply = respond(rest.subarray(2, 2 + length), "tcp", resolve);
      rest = rest.subarray(2 + length);
      if (reply === undefined) {
        socket.destroy();
        return;
      }
      const head = Buffer.alloc(2);
      head.writeUInt16BE(reply.length);
      // A client that does not read its answers is not read from either.
      if (!socket.write(Buffer.concat([head, reply]))) socket.pause();
    }
  });
}

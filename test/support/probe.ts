/**
 * A process that is a network namespace's only inhabitant and does there what it is told: serves, asks, keeps connections. Run by
 * topology.ts; ends with its parent.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { isVirtual } from "./patience.ts";

/** What a question came to: the answer's words, or how it failed. */
export type Outcome = string;

/**
 * Longer than the second that TCP waits before it sends a SYN again: over veth links the refusal may come back while connect(2) still holds
 * the socket, and the kernel then heeds only the next one (LockDroppedIcmps).
 */
const patience = isVirtual ? 4500 : 1500;
const connections = new Map<string, Socket>();
const udpSockets = new Map<number, ReturnType<typeof createSocket>>();

/** All arguments are strings: they come over a pipe. What SCTP needs is loaded by who uses it: most do not. */
const operations: Record<string, (...args: string[]) => Promise<string>> = {
  /** Answers "NAME CLIENT-ADDRESS" to every connection, and every line that is said to it. */
  async serveTcp(name, address, port) {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.write(`${name} ${plain(socket.remoteAddress)}\n`);
      socket.on("data", (data) => socket.write(data));
    });
    server.listen(Number(port), address);
    await once(server, "listening");
    return "listening";
  },
  async serveUdp(name, address, port) {
    const socket = createSocket(address!.includes(":") ? "udp6" : "udp4");
    socket.on("message", (_, peer) => socket.send(`${name} ${plain(peer.address)}`, peer.port, peer.address));
    socket.bind(Number(port), address);
    await once(socket, "listening");
    return "listening";
  },
  async serveSctp(name, address, port) {
    const { serveSctp } = await import("./sctp.ts");
    serveSctp(name!, address!, Number(port));
    return "listening";
  },
  /** One connection, one answer. */
  async askTcp(host, port, localAddress) {
    const socket = connect({ host, port: Number(port), localAddress });
    const answer = await firstLine(socket);
    socket.destroy();
    return answer;
  },
  async askSctp(host, port, localAddress) {
    const { askSctp } = await import("./sctp.ts");
    return askSctp(host!, Number(port), localAddress!, patience);
  },
  /** From a port of its own, the same for all questions to one place: one flow. */
  async askUdp(host, port, from, localAddress) {
    const local = Number(from);
    let socket = udpSockets.get(local);
    if (socket === undefined) {
      socket = createSocket(host!.includes(":") ? "udp6" : "udp4");
      socket.bind(local, localAddress);
      await once(socket, "listening");
      // Only a connected socket hears that its packet was refused.
      socket.connect(Number(port), host);
      await once(socket, "connect");
      udpSockets.set(local, socket);
    }
    const asked = socket;
    const { promise, resolve } = Promise.withResolvers<string>();
    const heard = (data: Buffer) => resolve(data.toString());
    const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? "failed");
    const timer = setTimeout(() => resolve("silence"), patience);
    asked.once("message", heard).once("error", failed);
    asked.send("?");
    const outcome = await promise;
    clearTimeout(timer);
    asked.off("message", heard).off("error", failed);
    return outcome;
  },
  async open(key, host, port) {
    const socket = connect({ host, port: Number(port) });
    connections.set(key!, socket);
    socket.on("error", () => {});
    return firstLine(socket);
  },
  /** Says a line on an open connection and waits for its echo. */
  async say(key, line) {
    const socket = connections.get(key!);
    if (socket === undefined || socket.destroyed) return "closed";
    socket.write(`${line}\n`);
    return firstLine(socket);
  },
};

/** IPv4 clients of an IPv6 socket come mapped. */
function plain(address = ""): string {
  return address.replace(/^::ffff:/, "");
}

function firstLine(socket: Socket): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const timer = setTimeout(() => {
    socket.destroy();
    resolve("silence");
  }, patience);
  const heard = (data: Buffer) => resolve(data.toString().trim());
  const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? "failed");
  const closed = () => resolve("closed");
  socket.once("data", heard).once("error", failed).once("close", closed);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.off("data", heard).off("error", failed).off("close", closed);
  });
}

process.on("disconnect", () => process.exit());
process.on("message", ({ id, operation, args }: { id: number; operation: string; args: string[] }) => {
  operations[operation]!(...args).then(
    (result) => process.send?.({ id, result }),
    (error: Error) => process.send?.({ id, result: `failed: ${error.message}` }),
  );
});
process.send?.({ id: 0, result: "ready" });

import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { DescriptorBudget } from "./budget.ts";
import type { Place } from "./dial.ts";

export interface UdpRelayOptions {
  /** Bound already; becomes the relay's. Clients get their answers from it. */
  socket: Socket;
  /** Milliseconds without a datagram in either direction after which a session ends. */
  idleTimeout: number;
  /** Shared with everything else of the process that opens sockets. */
  budget: DescriptorBudget;
  /** Where a client's datagrams go, asked once for each session; undefined: nowhere, they are dropped. */
  choose: (client: string) => Place | undefined;
  /** The place refused what a client sent (ICMP): the next datagram begins a new session. */
  refused?: (client: string, place: Place) => void;
}

/** One client (address and port) and the place that it talks with, over a socket of its own. */
interface Session {
  client: string;
  clientPort: number;
  place: Place;
  socket: Socket;
  /** performance.now() of the last datagram. */
  lastUsed: number;
  /** Datagrams that came before the socket was ready; undefined when it is. */
  waiting: Buffer[] | undefined;
}

/** Datagrams that a session keeps until its socket is ready: the next turn of the event loop or so. */
const mostWaiting = 16;
/** Bytes that may wait in a socket for the kernel to take them; what comes on top is lost, as in any full queue of a network. */
const mostQueued = 1_048_576;

/**
 * Passes UDP datagrams on between clients and places: each client keeps its place as long as its session lasts. Sessions are ordered by
 * their last datagram, so that the oldest is found without a search when they run out of time or descriptors.
 */
export class UdpRelay {
  readonly #options: UdpRelayOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(options: UdpRelayOptions) {
    this.#options = options;
    options.socket.on("message", (data, { address, port }) => this.#fromClient(data, address, port));
    options.socket.on("error", () => {});
    this.#sweeper = setInterval(() => this.#sweep(), Math.max(50, options.idleTimeout / 2));
    this.#sweeper.unref();
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** Ends the sessions with places that are not to be talked with any more. */
  retain(keep: (place: Place) => boolean): void {
    for (const [key, session] of this.#sessions) if (!keep(session.place)) this.#end(key, session);
  }

  /** Ends all sessions and closes the clients' socket. */
  close(): void {
    clearInterval(this.#sweeper);
    this.retain(() => false);
    this.#options.socket.close();
  }

  #fromClient(data: Buffer, client: string, clientPort: number): void {
    const key = `${client} ${clientPort}`;
    const session = this.#sessions.get(key) ?? this.#begin(key, client, clientPort);
    if (session === undefined) return;
    this.#touch(key, session);
    if (session.waiting === undefined) send(session.socket, data);
    else if (session.waiting.length < mostWaiting) session.waiting.push(data);
  }

  #begin(key: string, client: string, clientPort: number): Session | undefined {
    const { budget, choose, refused } = this.#options;
    const place = choose(client);
    if (place === undefined || !this.#makeRoom()) return undefined;
    const session: Session = {
      client,
      clientPort,
      place,
      socket: createSocket(isIPv6(place.address) ? "udp6" : "udp4"),
      lastUsed: 0,
      waiting: [],
    };
    const { socket } = session;
    this.#sessions.set(key, session);
    socket.once("close", () => budget.give(1));
    socket.on("error", () => {
      if (this.#sessions.get(key) !== session) return;
      this.#end(key, session);
      refused?.(client, place);
    });
    // Connected: only the place itself is heard, and its refusals are.
    socket.connect(place.port, place.address);
    socket.once("connect", () => {
      const { waiting = [] } = session;
      session.waiting = undefined;
      for (const data of waiting) send(socket, data);
    });
    socket.on("message", (data) => {
      if (this.#sessions.get(key) !== session) return;
      this.#touch(key, session);
      send(this.#options.socket, data, clientPort, client);
    });
    return session;
  }

  /** A descriptor for one more session; when there is none left, this relay's oldest session gives its own. */
  #makeRoom(): boolean {
    const { budget } = this.#options;
    if (budget.take(1)) return true;
    for (const [key, session] of this.#sessions) {
      // Its descriptor comes back when the socket is closed, in the next turn: for the next client then.
      this.#end(key, session);
      break;
    }
    return false;
  }

  #touch(key: string, session: Session): void {
    session.lastUsed = performance.now();
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
  }

  #sweep(): void {
    const oldest = performance.now() - this.#options.idleTimeout;
    for (const [key, session] of this.#sessions) {
      if (session.lastUsed > oldest) return;
      this.#end(key, session);
    }
  }

  #end(key: string, session: Session): void {
    this.#sessions.delete(key);
    session.socket.close();
  }
}

function send(socket: Socket, data: Buffer, port?: number, address?: string): void {
  if (socket.getSendQueueSize() > mostQueued) return;
  // A callback: a failure is this datagram's, and of a client that went away it is nobody's.
  if (port === undefined) socket.send(data, (error) => error && socket.emit("error", error));
  else socket.send(data, port, address, () => {});
}

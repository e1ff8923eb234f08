import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { DemoContainer, DemoMessage, DemoReply, DemoRequest } from "./demo/protocol.ts";
import { HeldSockets } from "./held-sockets.ts";

export interface DemoClientOptions {
  socketPath: string;
  /** The demo containers that should be running, asked for on each connection. */
  wanted: () => DemoContainer[];
  /** Containers that nobody serves any more: the server is another process than before, and could not go on with them. */
  onLost: (ids: string[]) => void;
  /** A container ended by itself. */
  onExit: (id: string, code: number) => void;
  /** Sockets could not be copied: their containers will not outlive the server. */
  onNotHeld: (error: Error) => void;
}

/**
 * After this long without a server what it served is taken for lost: at once where connections are refused, later where they wait. Milliseconds;
 * the supervisor restarts a server within a second.
 */
const patience = { refused: 1_500, held: 10_000 };
const retryInterval = 25;
const replyTimeout = 15_000;
const longestLine = 1 << 20;

/** The agent's end of the demo server's control socket: reconnects by itself, and tells what a dead server took along. */
export class DemoClient {
  readonly #options: DemoClientOptions;
  readonly #pending = new Map<number, (reply: DemoReply | undefined) => void>();
  /** Containers whose start is not answered yet. */
  readonly #beginning = new Set<string>();
  readonly #held: HeldSockets;
  #socket?: Socket;
  /** Resolved while a server stands that goes on with what was served. */
  #ready = Promise.withResolvers<void>();
  #isReady = false;
  #id = 0;
  #closed = false;

  constructor(options: DemoClientOptions) {
    this.#options = options;
    this.#held = new HeldSockets(options.onNotHeld);
  }

  /** To be called once `wanted` knows every container that runs: what it leaves out, the server stops. */
  open(): void {
    void this.#keepConnected();
  }

  /**
   * Serves a container. Rejects when the server refuses it, with the server's words, or when there is none for 15 s; a server that dies
   * before it answers is asked again when it is back.
   */
  async start(container: DemoContainer): Promise<void> {
    const deadline = Date.now() + replyTimeout;
    this.#beginning.add(container.id);
    try {
      for (;;) {
        const reply = await this.#ask((id) => ({ op: "start", id, container }), deadline - Date.now());
        if (reply === undefined) continue;
        if (!reply.ok) throw new Error(reply.error);
        if (reply.sockets !== undefined) this.#held.hold(container.id, reply.sockets);
        return;
      }
    } finally {
      this.#beginning.delete(container.id);
    }
  }

  /** Stops serving, with so many milliseconds for answers under way. A server that is not there serves nothing. */
  async stop(container: string, grace?: number): Promise<void> {
    this.#held.release(container);
    if (this.#socket !== undefined)
      await this.#ask((id) => ({ op: "stop", id, container, grace }), replyTimeout + (grace ?? 0));
  }

  close(): void {
    this.#closed = true;
    this.#held.close();
    this.#socket?.destroy();
  }

  /** Undefined when the server went away before it answered; rejects when there is none, or it is silent, for so many milliseconds. */
  async #ask(make: (id: number) => DemoRequest, timeout: number): Promise<DemoReply | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `the demo server did not answer within ${replyTimeout} ms`;
      timer = setTimeout(() => reject(new Error(message)), Math.max(0, timeout));
    });
    try {
      await Promise.race([this.#ready.promise, late]);
      return await Promise.race([this.#send(make), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #send(make: (id: number) => DemoRequest): Promise<DemoReply | undefined> {
    this.#id += 1;
    const id = this.#id;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      this.#socket?.write(`${JSON.stringify(make(id))}\n`);
    });
  }

  /** What an earlier request had served; what is being asked for is not lost yet. */
  #served(): DemoContainer[] {
    return this.#options.wanted().filter(({ id }) => !this.#beginning.has(id));
  }

  #lose(containers: DemoContainer[]): void {
    for (const { id } of containers) this.#held.release(id);
    if (containers.length > 0) this.#options.onLost(containers.map(({ id }) => id));
  }

  /** Lets a new server go on with what a dead one served. */
  async #resume(container: DemoContainer): Promise<void> {
    const sockets = this.#held.of(container.id);
    if (sockets === undefined) return this.#lose([container]);
    const reply = await this.#send((id) => ({ op: "start", id, container, sockets }));
    // Without an answer the next server is asked.
    if (reply?.ok === false) this.#lose([container]);
  }

  async #keepConnected(): Promise<void> {
    let lostSince = Date.now();
    const told = new Set<string>();
    while (!this.#closed) {
      const socket = await connected(this.#options.socketPath);
      if (socket === undefined) {
        const silence = Date.now() - lostSince;
        const isLost = (id: string) => silence > (this.#held.of(id) === undefined ? patience.refused : patience.held);
        const lost = this.#served().filter(({ id }) => !told.has(id) && isLost(id));
        for (const { id } of lost) told.add(id);
        this.#lose(lost);
        await sleep(retryInterval);
        continue;
      }
      const ended = this.#serve(socket);
      const wanted = this.#served();
      const keep = wanted.map(({ id }) => id);
      const reply = await Promise.race([this.#send((id) => ({ op: "sync", id, keep })), ended]);
      if (reply?.ok) {
        const { running = {} } = reply;
        for (const [id, sockets] of Object.entries(running)) this.#held.hold(id, sockets);
        const missing = wanted.filter(({ id }) => running[id] === undefined);
        await Promise.race([Promise.all(missing.map((container) => this.#resume(container))), ended]);
        if (this.#socket === socket) this.#becomeReady();
      }
      await ended;
      lostSince = Date.now();
      told.clear();
      // A server that lets nobody stay must not be asked in a tight loop.
      await sleep(retryInterval);
    }
  }

  #becomeReady(): void {
    this.#isReady = true;
    this.#ready.resolve();
  }

  /** Reads replies until the connection ends. */
  #serve(socket: Socket): Promise<undefined> {
    this.#socket = socket;
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > longestLine) socket.destroy();
      for (const line of lines) this.#answered(line);
    });
    return new Promise((resolve) => {
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#socket = undefined;
        // Who waits already goes on waiting for the next server.
        if (this.#isReady) this.#ready = Promise.withResolvers();
        this.#isReady = false;
        const pending = [...this.#pending.values()];
        this.#pending.clear();
        for (const answer of pending) answer(undefined);
        resolve(undefined);
      });
    });
  }

  #answered(line: string): void {
    const message = JSON.parse(line) as DemoMessage;
    if ("event" in message) {
      this.#held.release(message.container);
      this.#options.onExit(message.container, message.code);
      return;
    }
    const reply = message;
    const answer = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    answer?.(reply);
  }
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const failed = () => resolve(undefined);
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed);
      resolve(socket);
    });
  });
}

import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { DemoContainer, DemoMessage, DemoReply, DemoRequest } from "./demo/protocol.ts";

export interface DemoClientOptions {
  socketPath: string;
  /** Ids of the demo containers that should be running, asked for on each connection. */
  wanted: () => string[];
  /** Containers that the server does not serve any more, for it is another process than before. */
  onLost: (ids: string[]) => void;
  /** A container ended by itself. */
  onExit: (id: string, code: number) => void;
}

/** After this long without a server what it served is taken for lost. Milliseconds; the supervisor restarts a server within a second. */
const patience = 1_500;
const retryInterval = 25;
const replyTimeout = 15_000;
const longestLine = 1 << 20;

/** The agent's end of the demo server's control socket: reconnects by itself, and tells what a dead server took along. */
export class DemoClient {
  readonly #options: DemoClientOptions;
  readonly #pending = new Map<number, (reply: DemoReply | undefined) => void>();
  /** Containers whose start is not answered yet. */
  readonly #beginning = new Set<string>();
  #socket?: Socket;
  #ready = Promise.withResolvers<void>();
  #id = 0;
  #closed = false;

  constructor(options: DemoClientOptions) {
    this.#options = options;
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
        return;
      }
    } finally {
      this.#beginning.delete(container.id);
    }
  }

  /** Stops serving, with so many milliseconds for answers under way. A server that is not there serves nothing. */
  async stop(container: string, grace?: number): Promise<void> {
    if (this.#socket !== undefined)
      await this.#ask((id) => ({ op: "stop", id, container, grace }), replyTimeout + (grace ?? 0));
  }

  close(): void {
    this.#closed = true;
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
  #served(): string[] {
    return this.#options.wanted().filter((id) => !this.#beginning.has(id));
  }

  async #keepConnected(): Promise<void> {
    let lostSince = Date.now();
    let told = false;
    while (!this.#closed) {
      const socket = await connected(this.#options.socketPath);
      if (socket === undefined) {
        if (!told && Date.now() - lostSince > patience) {
          told = true;
          this.#options.onLost(this.#served());
        }
        await sleep(retryInterval);
        continue;
      }
      const ended = this.#serve(socket);
      const wanted = this.#served();
      const reply = await Promise.race([this.#send((id) => ({ op: "sync", id, keep: wanted })), ended]);
      if (reply?.ok) {
        const running = new Set(reply.running);
        const lost = wanted.filter((id) => !running.has(id));
        if (lost.length > 0) this.#options.onLost(lost);
        this.#ready.resolve();
      }
      await ended;
      lostSince = Date.now();
      told = false;
    }
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
        this.#ready = Promise.withResolvers();
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

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { get } from "./cluster.ts";
import { slowness } from "./patience.ts";

export interface Load {
  answered: number;
  /** When each failed request had begun (Date.now()), and what happened to it. */
  errors: { began: number; what: string }[];
}

/** A client that keeps requesting, each time on a new connection, 50 ms apart, for as long as `during` takes. */
export async function whileAsking<T>(url: string, timeout: number, during: (load: Load) => Promise<T>): Promise<Load> {
  const load: Load = { answered: 0, errors: [] };
  let asking = true;
  const asker = (async () => {
    while (asking) {
      const began = Date.now();
      try {
        await get(url, timeout);
        load.answered += 1;
      } catch (error) {
        load.errors.push({ began, what: String(error) });
      }
      await sleep(50);
    }
  })();
  try {
    await during(load);
  } finally {
    asking = false;
    await asker;
  }
  return load;
}

/** The same at several places at once. */
export async function whileAskingAll(
  urls: readonly string[],
  timeout: number,
  during: () => Promise<unknown>,
): Promise<Load[]> {
  const loads: Load[] = [];
  const around = (inner: () => Promise<unknown>, url: string) => async () => {
    loads.push(await whileAsking(url, timeout, inner));
  };
  await urls.reduce(around, during)();
  return loads;
}

export interface Established {
  /** One more request on it; resolves to the status. */
  ask(): Promise<number>;
  close(): void;
}

/** A connection that stays open: what is asked on it goes the way that its first packet was sent. */
export async function establish(address: string, port: number): Promise<Established> {
  const socket = connect(port, address);
  await once(socket, "connect");
  // Whoever asks hears of it.
  socket.on("error", () => {});
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) throw new Error("the established connection has ended");
        const asked = request(
          { createConnection: () => socket, headers: { connection: "keep-alive", host: "x" } },
          (answer) => {
            answer.resume();
            answer.on("end", () => resolve(answer.statusCode ?? 0));
          },
        );
        asked.setTimeout(3_000 * slowness, () => asked.destroy(new Error("the established connection is dead")));
        asked.on("error", reject);
        asked.end();
      }),
    close: () => socket.destroy(),
  };
}

/** Datagrams from one port to another, 50 ms apart, each answered before the next is sent, until it is closed: one flow. */
export class UdpFlow {
  readonly answers = new Set<string>();
  answered = 0;
  /** Questions that nobody answered within two seconds. */
  lost = 0;
  readonly #ended: Promise<void>;
  #open = true;

  constructor(address: string, port: number, question: string) {
    this.#ended = this.#run(address, port, question);
  }

  async #run(address: string, port: number, question: string): Promise<void> {
    const socket = createSocket("udp4");
    socket.on("error", () => {});
    while (this.#open) {
      const signal = AbortSignal.timeout(2_000);
      const heard = once(socket, "message", { signal });
      socket.send(question, port, address);
      await heard.then(
        ([data]) => {
          this.answered += 1;
          this.answers.add(String(data).trim());
        },
        () => {
          this.lost += 1;
        },
      );
      await sleep(50);
    }
    socket.close();
  }

  close(): Promise<void> {
    this.#open = false;
    return this.#ended;
  }
}

/**
 * The distinct answers that `count` endpoints give (each tells its own name), asked until all have been heard: N ln N requests on
 * average, 20 N at most.
 */
export async function distinctAnswers(url: string, count: number): Promise<Set<string>> {
  const seen = new Set<string>();
  const atOnce = 50;
  for (let asked = 0; seen.size < count && asked < count * 20; asked += atOnce) {
    const answers = await Promise.all(Array.from({ length: atOnce }, () => get(url, 5_000)));
    for (const { body } of answers) seen.add(body);
  }
  return seen;
}

/**
 * Hears of every transaction that the kernel's nftables takes, whoever sends it (iptables-nft too): the objects that it changed, and at its
 * end the new generation. A thread of its own reads them, so that their times are right while the main thread is busy.
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { readMessages } from "../../src/linux/netlink/message.ts";
import { NetlinkSocket, netfilterProtocol } from "../../src/linux/netlink/socket.ts";
import { SystemCallError } from "../../src/linux/setns.ts";

/** One transaction. */
interface Commit {
  /** Milliseconds of `clock`. */
  time: number;
  /** It has the wanted address in it. */
  found: boolean;
}

/** The same clock in all threads and processes. */
export function clock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class Commits {
  /** The address that is looked for, in network order; 0: none. */
  readonly #wanted = new Uint8Array(new SharedArrayBuffer(4));
  readonly #worker = new Worker(new URL(import.meta.url), { workerData: this.#wanted });
  #last = 0;
  #heard: (commit: Commit) => void = () => {};

  private constructor() {
    this.#worker.on("message", (commit: Commit) => {
      this.#last = commit.time;
      this.#heard(commit);
    });
  }
  static async open(): Promise<Commits> {
    const commits = new Commits();
    await new Promise((resolve, reject) => commits.#worker.once("message", resolve).once("error", reject));
    return commits;
  }

  /** When the last one came. */
  get last(): number {
    return this.#last;
  }

  /** Resolves to the time of the next transaction that has this IPv4 address in it. */
  async with(address: string, patience: number): Promise<number> {
    this.#wanted.set(address.split(".").map(Number));
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const timer = setTimeout(() => reject(new Error(`${address}: not in the kernel within ${patience} ms`)), patience);
    this.#heard = ({ time, found }) => {
      if (found) resolve(time);
    };
    return promise.finally(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

const NFNLGRP_NFTABLES = 7;
const newGeneration = (10 << 8) | 15;
/** Milliseconds between two looks: a thread cannot wait for a netlink socket in Node. */
const pause = 0.25;

function listen(port: NonNullable<typeof parentPort>, wanted: Uint8Array): void {
  const socket = new NetlinkSocket({ protocol: netfilterProtocol, receiveBuffer: 256 << 20 });
  socket.join(NFNLGRP_NFTABLES);
  port.postMessage({ time: 0, found: false } satisfies Commit);
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  let found = false;
  for (;;) {
    const data = receive(socket);
    if (data === undefined) {
      Atomics.wait(nobody, 0, 0, pause);
      continue;
    }
    found ||= wanted[0] !== 0 && data.includes(Buffer.from(wanted));
    if (![...readMessages(data)].some(({ type }) => type === newGeneration)) continue;
    port.postMessage({ time: clock(), found } satisfies Commit);
    found = false;
  }
}

/** What does not fit into the socket is lost; a change that was lost is given up after its patience. */
function receive(socket: NetlinkSocket): Buffer | undefined {
  try {
    return socket.receive();
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== "ENOBUFS") throw error;
    return receive(socket);
  }
}

if (!isMainThread && parentPort !== null) listen(parentPort, workerData as Uint8Array);

/**
 * Hears of every transaction that the kernel's nftables takes, whoever sends it (iptables-nft too): the objects that it changed, and at its
 * end the new generation. A thread of its own reads them, so that their times are right while the main thread is busy.
 */
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { readMessages } from "../../src/linux/netlink/message.ts";
import { NetlinkSocket, netfilterProtocol } from "../../src/linux/netlink/socket.ts";
import { SystemCallError } from "../../src/linux/setns.ts";

/** One transaction. */
interface Commit {
  /** Milliseconds of `clock`. */
  time: number;
  /** What it changed, as the kernel tells it; empty for a transaction of more than a megabyte. */
  bytes: Uint8Array;
}

/** The same clock in all threads and processes. */
export function clock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class Commits {
  readonly #worker = new Worker(new URL(import.meta.url));
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
    const wanted = Buffer.from(address.split(".").map(Number));
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const timer = setTimeout(() => reject(new Error(`${address}: not in the kernel within ${patience} ms`)), patience);
    this.#heard = ({ time, bytes }) => {
      if (Buffer.from(bytes).includes(wanted)) resolve(time);
    };
    return promise.finally(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

const NFNLGRP_NFTABLES = 7;
const newGeneration = (10 << 8) | 15;
const longest = 1 << 20;
/** Milliseconds between two looks: a thread cannot wait for a netlink socket in Node. */
const pause = 0.25;

function listen(port: NonNullable<typeof parentPort>): void {
  const socket = new NetlinkSocket({ protocol: netfilterProtocol, receiveBuffer: 256 << 20 });
  socket.join(NFNLGRP_NFTABLES);
  port.postMessage({ time: 0, bytes: new Uint8Array() } satisfies Commit);
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  let pieces: Buffer[] = [];
  let size = 0;
  for (;;) {
    const data = receive(socket);
    if (data === undefined) {
      Atomics.wait(nobody, 0, 0, pause);
      continue;
    }
    const isEnd = [...readMessages(data)].some(({ type }) => type === newGeneration);
    size += data.length;
    if (size <= longest) pieces.push(Buffer.from(data));
    if (!isEnd) continue;
    port.postMessage({
      time: clock(),
      bytes: size <= longest ? Buffer.concat(pieces) : new Uint8Array(),
    } satisfies Commit);
    pieces = [];
    size = 0;
  }
}

/** What does not fit into the socket is lost: parts of a transaction that is too long to be looked into anyway. */
function receive(socket: NetlinkSocket): Buffer | undefined {
  try {
    return socket.receive();
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== "ENOBUFS") throw error;
    return receive(socket);
  }
}

if (!isMainThread && parentPort !== null) listen(parentPort);

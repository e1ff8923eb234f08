/** Netfilter's netlink (linux/netfilter/nfnetlink.h): batches that the kernel takes as one transaction, dumps and single questions. */
import { type Answer, NetlinkError, readAnswer } from "./error.ts";
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, readAnswers, readDoneAnswers, readDump, type Sent } from "./exchange.ts";
import { type Message, MessageWriter, NetlinkFormatError, readMessages } from "./message.ts";
import type { NetlinkSocket } from "./socket.ts";

// linux/netlink.h
const NLMSG_ERROR = 2;
/** For messages that make something: it may be new. Without it, it must exist already. */
export const createFlag = 0x400;
/** For messages that make something: it must be new. */
export const exclusiveFlag = 0x200;
/** For rules: behind the others. */
export const appendFlag = 0x800;

// linux/netfilter/nfnetlink.h
const NFNL_MSG_BATCH_BEGIN = 16;
const NFNL_MSG_BATCH_END = 17;
const NFNL_BATCH_GENID = 1;
/** struct nfgenmsg: family, version, resource. */
export const nfgenmsgLength = 4;

/** The most bytes of one batch. The kernel copies a batch whole and holds its lock until all of it is committed. */
export const longestBatch = 1 << 20;
/** For the socket that sends batches: the kernel counts its own bookkeeping against it too. */
export const batchSendBuffer = 16 << 20;

function beginNfnetlink(writer: MessageWriter, type: number, flags: number, sequence: number, family: number): number {
  const start = writer.beginMessage(type, NLM_F_REQUEST | flags, sequence);
  const at = writer.reserve(nfgenmsgLength);
  writer.target.writeUInt8(family, at);
  return start;
}

/** Messages of one subsystem that take effect together or not at all. */
export class Batch {
  readonly writer = new MessageWriter(16_384);
  readonly #socket: NetlinkSocket;
  readonly #subsystem: number;
  readonly #first: number;
  readonly #about: string[] = [];
  #open = -1;
  #last = -1;
  #sequence = 0;

  /** With a generation the kernel takes the batch only if nothing changed since then, else it fails with ERESTART. */
  constructor(socket: NetlinkSocket, subsystem: number, generation?: number) {
    this.#socket = socket;
    this.#subsystem = subsystem;
    this.#first = socket.nextSequence();
    const start = this.#edge(NFNL_MSG_BATCH_BEGIN, this.#first);
    if (generation !== undefined) this.writer.uint32(NFNL_BATCH_GENID, generation);
    this.writer.endMessage(start);
  }

  /** How many messages it holds. */
  get size(): number {
    return this.#about.length;
  }

  /** Opens a message of the subsystem. `about` names it in an error. */
  begin(type: number, flags: number, family: number, about: string): void {
    this.#sequence = this.#socket.nextSequence();
    this.#about.push(about);
    this.#open = beginNfnetlink(this.writer, (this.#subsystem << 8) | type, flags, this.#sequence, family);
  }

  end(): void {
    this.writer.endMessage(this.#open);
    this.#last = this.#open;
  }

  /** Sends the batch; when this returns the kernel has committed it. Throws the NetlinkError of the first message that it refused. */
  commit(): void {
    if (this.#about.length === 0) return;
    // Only the last message asks for an acknowledgement: refusals come in any case, and thousands of answers would overflow the socket.
    const flags = this.writer.target.readUInt16LE(this.#last + 6);
    this.writer.target.writeUInt16LE(flags | NLM_F_ACK, this.#last + 6);
    this.writer.endMessage(this.#edge(NFNL_MSG_BATCH_END, this.#socket.nextSequence()));
    this.#socket.send(this.writer.bytes);
    let done = false;
    let refused: Answer | undefined;
    for (let data = this.#socket.receive(); data !== undefined; data = this.#socket.receive()) {
      for (const { type, flags: kind, start, end } of readMessages(data)) {
        if (type !== NLMSG_ERROR) continue;
        const answer = readAnswer(data, start, end, kind);
        const place = (answer.sequence - this.#first) >>> 0;
        // Anything else answers a batch that failed before all its answers were read.
        if (place > this.#about.length) continue;
        if (answer.errno !== 0) refused ??= answer;
        else if (answer.sequence === this.#sequence) done = true;
      }
    }
    if (refused !== undefined) throw this.#error(refused);
    if (!done) throw new NetlinkFormatError("the kernel did not answer a batch");
  }

  #edge(type: number, sequence: number): number {
    const start = beginNfnetlink(this.writer, type, 0, sequence, 0);
    // struct nfgenmsg's resource is the subsystem here.
    this.writer.target.writeUInt16BE(this.#subsystem, start + 18);
    return start;
  }

  #error({ errno, sequence, explanation, offset }: Answer): NetlinkError {
    const index = sequence - this.#first - 1;
    return new NetlinkError(errno, sequence, this.#about[index] ?? "batch", explanation, offset);
  }
}

export interface Question {
  subsystem: number;
  type: number;
  family: number;
  /** Names it in an error. */
  about: string;
  attributes?: (writer: MessageWriter) => void;
}

export type Listener = (buffer: Buffer, start: number, end: number, message: Message) => void;

function ask(socket: NetlinkSocket, question: Question, flags: number): Sent {
  const writer = new MessageWriter(256);
  const sequence = socket.nextSequence();
  const type = (question.subsystem << 8) | question.type;
  const start = beginNfnetlink(writer, type, flags, sequence, question.family);
  question.attributes?.(writer);
  writer.endMessage(start);
  socket.send(writer.bytes);
  return { sequence, about: question.about };
}

/** Asks for one thing; calls back with the payload behind struct nfgenmsg. Throws NetlinkError, such as ENOENT. */
export function get(socket: NetlinkSocket, question: Question, found: Listener): void {
  readAnswers(socket, ask(socket, question, 0), (data, message) =>
    found(data, message.start + nfgenmsgLength, message.end, message),
  );
}

/** Does one thing; when this returns the kernel has done it. Throws NetlinkError. */
export function request(socket: NetlinkSocket, question: Question): void {
  readDoneAnswers(socket, ask(socket, question, NLM_F_ACK));
}

/**
 * Reads a whole list; calls back with each entry's payload behind struct nfgenmsg. Returns false when the list changed while it was read.
 * The socket must not be used for anything else meanwhile.
 */
export function dump(socket: NetlinkSocket, question: Question, found: Listener): Promise<boolean> {
  return readDump(socket, ask(socket, question, NLM_F_DUMP), (data, message) =>
    found(data, message.start + nfgenmsgLength, message.end, message),
  );
}

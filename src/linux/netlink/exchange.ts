/** What comes back from a question: answers until nothing is left to read, or the pieces of a dump. Same for every netlink family. */
import { setImmediate } from "node:timers/promises";
import { NetlinkError, readAnswer, readDone } from "./error.ts";
import { type Message, NetlinkFormatError, readMessages } from "./message.ts";
import type { NetlinkSocket } from "./socket.ts";

// linux/netlink.h
export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;

/** How many pieces of a dump are read before other work gets its turn. */
const piecesPerTurn = 16;

/** A question that was sent; `about` names it in an error. */
export interface Sent {
  sequence: number;
  about: string;
}

/** Told of each message that belongs to the answer. The buffer is valid during the call only. */
export type FoundMessage = (data: Buffer, message: Message) => void;

/** Reads what the kernel has queued for a question; returns whether an acknowledgement was among it. Throws the NetlinkError of a refusal. */
export function readAnswers(socket: NetlinkSocket, sent: Sent, found: FoundMessage): boolean {
  let acknowledged = false;
  for (let data = socket.receive(); data !== undefined; data = socket.receive()) {
    for (const message of readMessages(data)) {
      if (message.sequence !== sent.sequence) continue;
      if (message.type === NLMSG_ERROR) {
        refuse(data, message, sent);
        acknowledged = true;
      } else found(data, message);
    }
  }
  return acknowledged;
}

/** Reads answers of which one must be an acknowledgement: when this returns the kernel has done what was asked. */
export function readDoneAnswers(socket: NetlinkSocket, sent: Sent, found: FoundMessage = () => {}): void {
  if (!readAnswers(socket, sent, found)) throw new NetlinkFormatError(`${sent.about}: the kernel did not answer`);
}

/**
 * Reads a whole list, piece by piece. Returns false when the list changed while it was read, so that it may hold an entry twice or miss
 * one. The socket must not be used for anything else meanwhile.
 */
export async function readDump(socket: NetlinkSocket, sent: Sent, found: FoundMessage): Promise<boolean> {
  let consistent = true;
  for (let pieces = 1; ; pieces += 1) {
    const data = socket.receive();
    if (data === undefined) throw new NetlinkFormatError(`${sent.about}: the dump broke off`);
    for (const message of readMessages(data)) {
      if (message.sequence !== sent.sequence) continue;
      if (message.flags & NLM_F_DUMP_INTR) consistent = false;
      if (message.type === NLMSG_DONE) {
        const errno = readDone(data, message.start, message.end);
        if (errno > 0) throw new NetlinkError(errno, sent.sequence, sent.about);
        return consistent;
      }
      if (message.type === NLMSG_ERROR) refuse(data, message, sent);
      else found(data, message);
    }
    if (pieces % piecesPerTurn === 0) await setImmediate();
  }
}

function refuse(data: Buffer, { start, end, flags, sequence }: Message, { about }: Sent): void {
  const { errno, explanation, offset } = readAnswer(data, start, end, flags);
  if (errno !== 0) throw new NetlinkError(errno, sequence, about, explanation, offset);
}

import { getSystemErrorMessage, getSystemErrorName } from "node:util";
import { NetlinkFormatError, readAttributes, readText } from "./message.ts";

/** netlink.h: what precedes the kernel's explanation when it sends one. */
const flagCapped = 0x100;
const flagExplained = 0x200;
const attributeText = 1;
const attributeOffset = 2;
const headerLength = 16;

/** Linux knows it, libuv does not: a batch that was made for an earlier state of the tables. */
const ERESTART = 85;

/** The kernel refused a message. */
export class NetlinkError extends Error {
  /** The errno's name, such as "ENOENT", "EEXIST" or "ERESTART". */
  readonly code: string;
  /** Some subsystems have numbers of their own, above 4096. */
  readonly errno: number;
  /** Which message, by its sequence number. */
  readonly sequence: number;
  /** Where in that message the kernel found fault, when it says so. */
  readonly offset: number | undefined;
  constructor(errno: number, sequence: number, about: string, explanation?: string, offset?: number) {
    const reason = errno === ERESTART ? "the tables changed meanwhile" : getSystemErrorMessage(-errno);
    super(`netlink: ${about}: ${reason ?? `error ${errno}`}${explanation ? ` (${explanation})` : ""}`);
    this.name = "NetlinkError";
    this.code = errno === ERESTART ? "ERESTART" : getSystemErrorName(-errno);
    this.errno = errno;
    this.sequence = sequence;
    this.offset = offset;
  }
}

export interface Answer {
  /** 0: done as asked. */
  errno: number;
  /** Of the message that is answered. */
  sequence: number;
  explanation?: string;
  offset?: number;
}

/** Reads an NLMSG_ERROR message, which is an acknowledgement when its error is 0. */
export function readAnswer(buffer: Buffer, start: number, end: number, flags: number): Answer {
  if (end - start < 4 + headerLength) throw new NetlinkFormatError(`error message of ${end - start} bytes`);
  const answer: Answer = { errno: -buffer.readInt32LE(start), sequence: buffer.readUInt32LE(start + 4 + 8) };
  if (flags & flagExplained) {
    // Unless it is capped, the whole message that failed stands before the explanation.
    const quoted = flags & flagCapped ? headerLength : buffer.readUInt32LE(start + 4);
    const attributes = readAttributes(buffer, Math.min(start + 4 + ((quoted + 3) & ~3), end), end);
    answer.explanation = readText(attributes.get(attributeText));
    const offset = attributes.get(attributeOffset);
    if (offset?.length === 4) answer.offset = offset.readUInt32LE();
  }
  return answer;
}

/** NLMSG_DONE carries the dump's own error. */
export function readDone(buffer: Buffer, start: number, end: number): number {
  return end - start >= 4 ? -buffer.readInt32LE(start) : 0;
}

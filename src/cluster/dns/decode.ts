import { type Name, type Query, type Question, recordType, responseCode } from "./message.ts";

/** What a datagram is: a query, one that only an error can answer, or nothing that may be answered at all. */
export type Decoded =
  | { kind: "query"; query: Query }
  | { kind: "error"; id: number; opcode: number; recursionDesired: boolean; code: number }
  | { kind: "drop" };

const headerLength = 12;
const maximumNameLength = 255;

/** Reads past the end, bad labels, endless pointers: the message is malformed. */
class Malformed extends Error {}

/** Decodes an untrusted message. Never throws, and reads each byte a bounded number of times. */
export function decodeQuery(message: Buffer): Decoded {
  // Without a whole header there is no id to answer to, and answering an answer could go on for ever.
  if (message.length < headerLength) return { kind: "drop" };
  const flags = message.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return { kind: "drop" };
  const id = message.readUInt16BE(0);
  const opcode = (flags >> 11) & 0xf;
  const recursionDesired = (flags & 0x0100) !== 0;
  const error = (code: number): Decoded => ({ kind: "error", id, opcode, recursionDesired, code });
  if (opcode !== 0) return error(responseCode.NOTIMP);
  // Exactly one question: RFC 9619.
  if (message.readUInt16BE(4) !== 1) return error(responseCode.FORMERR);
  try {
    const cursor = { offset: headerLength };
    const question = readQuestion(message, cursor);
    for (let count = message.readUInt16BE(6) + message.readUInt16BE(8); count > 0; count -= 1) {
      readRecordHead(message, cursor);
    }
    let edns: Query["edns"];
    for (let count = message.readUInt16BE(10); count > 0; count -= 1) {
      const { name, type, class: udpSize, ttl } = readRecordHead(message, cursor);
      if (type !== recordType.OPT) continue;
      // RFC 6891, 6.1.1: at most one, and it belongs to the root.
      if (edns !== undefined || name.length > 0) throw new Malformed();
      edns = { version: (ttl >>> 16) & 0xff, udpSize };
    }
    if (cursor.offset !== message.length) throw new Malformed();
    return { kind: "query", query: { id, opcode, recursionDesired, question, edns } };
  } catch (problem) {
    if (problem instanceof Malformed || problem instanceof RangeError) return error(responseCode.FORMERR);
    throw problem;
  }
}

interface Cursor {
  offset: number;
}

function readQuestion(message: Buffer, cursor: Cursor): Question {
  const name = readName(message, cursor);
  const question = {
    name,
    type: message.readUInt16BE(cursor.offset),
    class: message.readUInt16BE(cursor.offset + 2),
  };
  cursor.offset += 4;
  return question;
}

function readRecordHead(message: Buffer, cursor: Cursor): { name: Name; type: number; class: number; ttl: number } {
  const name = readName(message, cursor);
  const start = cursor.offset;
  const head = {
    name,
    type: message.readUInt16BE(start),
    class: message.readUInt16BE(start + 2),
    ttl: message.readUInt32BE(start + 4),
  };
  cursor.offset = start + 10 + message.readUInt16BE(start + 8);
  if (cursor.offset > message.length) throw new Malformed();
  return head;
}

/** RFC 1035, 4.1.4. A pointer must lead further back than every one before it, which also bounds the work. */
function readName(message: Buffer, cursor: Cursor): Name {
  const labels: string[] = [];
  let offset = cursor.offset;
  let end: number | undefined;
  let lowest = offset;
  let length = 1;
  for (;;) {
    const head = message.readUInt8(offset);
    if (head === 0) {
      cursor.offset = end ?? offset + 1;
      return labels;
    }
    if ((head & 0xc0) === 0xc0) {
      const target = message.readUInt16BE(offset) & 0x3fff;
      if (target >= lowest || target < headerLength) throw new Malformed();
      end ??= offset + 2;
      lowest = target;
      offset = target;
      continue;
    }
    if ((head & 0xc0) !== 0) throw new Malformed();
    length += head + 1;
    if (length > maximumNameLength || offset + 1 + head > message.length) throw new Malformed();
    labels.push(message.toString("latin1", offset + 1, offset + 1 + head));
    offset += head + 1;
  }
}

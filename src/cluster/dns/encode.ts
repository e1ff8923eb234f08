import { parseAddress } from "../../ip/address.ts";
import {
  type Answer,
  lowerCase,
  type Name,
  type Query,
  type ResourceRecord,
  recordClass,
  recordType,
} from "./message.ts";

/** The largest datagram that passes every path unfragmented, as DNS servers agreed on in 2020; also what our OPT record announces. */
const maximumDatagram = 1232;
const minimumDatagram = 512;

/** How long an answer to this query may be: RFC 1035 says 512 octets over UDP, EDNS lets the client say more; TCP has a 16-bit length. */
export function lengthLimit(query: Query, protocol: "udp" | "tcp"): number {
  if (protocol === "tcp") return 65_535;
  return Math.min(maximumDatagram, Math.max(minimumDatagram, query.edns?.udpSize ?? 0));
}

/**
 * Encodes the answer to a query, names compressed. When it is longer than `limit` octets the additional records are dropped, then
 * answers from the end with the truncation bit set: a resolver asks again over TCP, and a simple one uses what it got.
 */
export function encodeAnswer(query: Query, answer: Answer, limit: number): Buffer {
  const writer = new Writer();
  const opt = query.edns !== undefined;
  const room = limit - (opt ? 11 : 0);
  writer.uint16(query.id);
  writer.uint16(0);
  for (const count of [1, 0, 0, 0]) writer.uint16(count);
  writer.name(query.question.name);
  writer.uint16(query.question.type);
  writer.uint16(query.question.class);
  let truncated = false;
  const counts = [answer.answers, answer.authorities, answer.additionals].map((records, section) => {
    let count = 0;
    for (const record of records) {
      if (truncated) break;
      const before = writer.mark();
      writer.record(record);
      if (writer.length > room) {
        writer.reset(before);
        // Missing additional records are no loss: the client can ask for them.
        if (section < 2) truncated = true;
        break;
      }
      count += 1;
    }
    return count;
  });
  if (opt) {
    counts[2]! += 1;
    writer.opt(answer.code >> 4, maximumDatagram);
  }
  const message = writer.finish();
  message.writeUInt16BE(
    0x8000 |
      (query.opcode << 11) |
      (answer.authoritative ? 0x0400 : 0) |
      (truncated ? 0x0200 : 0) |
      (query.recursionDesired ? 0x0100 : 0) |
      (answer.code & 0xf),
    2,
  );
  for (const [index, count] of counts.entries()) message.writeUInt16BE(count, 6 + 2 * index);
  return message;
}

/** A header alone: what a message gets whose question could not be read. */
export function encodeError(id: number, opcode: number, recursionDesired: boolean, code: number): Buffer {
  const message = Buffer.alloc(12);
  message.writeUInt16BE(id, 0);
  message.writeUInt16BE(0x8000 | (opcode << 11) | (recursionDesired ? 0x0100 : 0) | (code & 0xf), 2);
  return message;
}

/** An answer without records. */
export function emptyAnswer(code: number): Answer {
  return { code, authoritative: false, answers: [], authorities: [], additionals: [] };
}

interface Mark {
  length: number;
  names: number;
}

class Writer {
  #buffer = Buffer.allocUnsafe(1024);
  length = 0;
  /** Where each name suffix was first written, in the order of writing (so that a reset can forget the last ones). */
  readonly #suffixes = new Map<string, number>();

  mark(): Mark {
    return { length: this.length, names: this.#suffixes.size };
  }

  reset(mark: Mark): void {
    this.length = mark.length;
    for (const suffix of [...this.#suffixes.keys()].slice(mark.names)) this.#suffixes.delete(suffix);
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  uint16(value: number): void {
    this.length = this.#room(2).writeUInt16BE(value, this.length);
  }
  uint32(value: number): void {
    this.length = this.#room(4).writeUInt32BE(value >>> 0, this.length);
  }

  /** Suffixes written before are pointed to (RFC 1035, 4.1.4); upper and lower case are one there. */
  name(name: Name): void {
    for (let index = 0; index < name.length; index += 1) {
      const suffix = name
        .slice(index)
        .map((label) => `${label.length}.${lowerCase(label)}`)
        .join("");
      const known = this.#suffixes.get(suffix);
      if (known !== undefined) {
        this.uint16(0xc000 | known);
        return;
      }
      if (this.length < 0x4000) this.#suffixes.set(suffix, this.length);
      this.#characters(name[index]!);
    }
    this.#room(1).writeUInt8(0, this.length);
    this.length += 1;
  }

  record(record: ResourceRecord): void {
    this.name(record.name);
    this.uint16(recordType[record.type]);
    this.uint16(recordClass.IN);
    this.uint32(record.ttl);
    const start = this.length;
    this.uint16(0);
    this.#data(record);
    this.#buffer.writeUInt16BE(this.length - start - 2, start);
  }

  /** RFC 6891, 6.1.2: the class is the size, the TTL holds the response code's upper bits and the version. */
  opt(extendedCode: number, size: number): void {
    this.#room(1).writeUInt8(0, this.length);
    this.length += 1;
    this.uint16(recordType.OPT);
    this.uint16(size);
    this.uint32(extendedCode << 24);
    this.uint16(0);
  }

  #data(record: ResourceRecord): void {
    switch (record.type) {
      case "A":
        for (const part of record.address.split(".")) {
          this.#room(1).writeUInt8(Number(part), this.length);
          this.length += 1;
        }
        return;
      case "AAAA":
        this.#groups(parseAddress(record.address)!.value);
        return;
      case "CNAME":
      case "NS":
      case "PTR":
        this.name(record.target);
        return;
      case "SRV":
        this.uint16(record.priority);
        this.uint16(record.weight);
        this.uint16(record.port);
        this.#plainName(record.target);
        return;
      case "TXT":
        this.#characters(record.text);
        return;
      case "SOA":
        this.name(record.primary);
        this.name(record.mailbox);
        for (const value of [record.serial, record.refresh, record.retry, record.expire, record.minimum])
          this.uint32(value);
    }
  }

  #groups(address: bigint): void {
    for (let shift = 112n; shift >= 0n; shift -= 16n) this.uint16(Number((address >> shift) & 0xffffn));
  }

  /** RFC 2782: the target of an SRV record is not compressed. */
  #plainName(name: Name): void {
    for (const label of name) this.#characters(label);
    this.#room(1).writeUInt8(0, this.length);
    this.length += 1;
  }

  /** A length octet and at most 255 octets. */
  #characters(text: string): void {
    const buffer = this.#room(1 + text.length);
    this.length = buffer.writeUInt8(text.length, this.length);
    this.length += buffer.write(text, this.length, "latin1");
  }

  #room(octets: number): Buffer {
    if (this.length + octets > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(2 * (this.length + octets));
      this.#buffer.copy(larger, 0, 0, this.length);
      this.#buffer = larger;
    }
    return this.#buffer;
  }
}

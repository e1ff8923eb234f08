/**
 * Netlink messages and attributes (RFC 3549, linux/netlink.h). A message is a 16-byte header and a payload; attributes are type, length
 * and value, nested at will; everything is aligned to four bytes. Numbers of the framing are in host order, which is little-endian
 * wherever Node runs Fairway; numbers inside nfnetlink attributes are in network order.
 */

/** The bytes are no netlink message: a length points outside, or a part is missing. */
export class NetlinkFormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "NetlinkFormatError";
  }
}

export const messageHeaderLength = 16;
export const attributeHeaderLength = 4;
/** An attribute's length is 16 bits and counts its header. */
export const longestAttribute = 0xffff;

/** NLA_F_NESTED: the value holds attributes. */
export const nestedFlag = 0x8000;
/** NLA_TYPE_MASK: without the flags for nesting and byte order. */
const typeMask = 0x3fff;

export interface Message {
  type: number;
  flags: number;
  sequence: number;
  /** Port of the socket that asked; the kernel echoes it. */
  port: number;
  /** Where the payload stands in the buffer that was read. */
  start: number;
  end: number;
}

/** Appends messages to one growing buffer. Offsets that `begin…` returns go to the matching `end…`. */
export class MessageWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity = 4096) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written so far; valid until the next write. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Makes room for `size` bytes, zeroed, and returns where they stand. */
  reserve(size: number): number {
    const start = this.#length;
    const end = start + size;
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, start);
      this.#buffer = larger;
    }
    this.#buffer.fill(0, start, end);
    this.#length = end;
    return start;
  }

  /** The whole buffer, for writing at offsets that `reserve` gave. Another `reserve` may replace it. */
  get target(): Buffer {
    return this.#buffer;
  }

  beginMessage(type: number, flags: number, sequence: number): number {
    const start = this.reserve(messageHeaderLength);
    this.#buffer.writeUInt16LE(type, start + 4);
    this.#buffer.writeUInt16LE(flags, start + 6);
    this.#buffer.writeUInt32LE(sequence, start + 8);
    return start;
  }

  endMessage(start: number): void {
    this.#buffer.writeUInt32LE(this.#length - start, start);
  }

  beginNested(type: number): number {
    return this.beginAttribute(type | nestedFlag);
  }

  beginAttribute(type: number): number {
    const start = this.reserve(attributeHeaderLength);
    this.#buffer.writeUInt16LE(type, start + 2);
    return start;
  }

  /** Writes the length and pads. Throws NetlinkFormatError when the attribute got longer than its length can say. */
  endAttribute(start: number): void {
    const length = this.#length - start;
    if (length > longestAttribute)
      throw new NetlinkFormatError(`attribute of ${length} bytes; at most ${longestAttribute} fit`);
    this.#buffer.writeUInt16LE(length, start);
    const padding = -length & 3;
    if (padding > 0) this.reserve(padding);
  }

  attribute(type: number, value: Uint8Array): void {
    const start = this.beginAttribute(type);
    const at = this.reserve(value.length);
    this.#buffer.set(value, at);
    this.endAttribute(start);
  }

  /** A text with the NUL byte that the kernel expects behind it. */
  text(type: number, value: string): void {
    const start = this.beginAttribute(type);
    const length = Buffer.byteLength(value);
    const at = this.reserve(length + 1);
    this.#buffer.write(value, at);
    this.endAttribute(start);
  }

  uint32(type: number, value: number): void {
    const start = this.beginAttribute(type);
    const at = this.reserve(4);
    this.#buffer.writeUInt32BE(value >>> 0, at);
    this.endAttribute(start);
  }

  uint64(type: number, value: bigint): void {
    const start = this.beginAttribute(type);
    const at = this.reserve(8);
    this.#buffer.writeBigUInt64BE(value, at);
    this.endAttribute(start);
  }
}

/** The messages of one datagram. Throws NetlinkFormatError when a length is impossible. */
export function* readMessages(buffer: Buffer): Generator<Message> {
  let offset = 0;
  while (offset < buffer.length) {
    if (buffer.length - offset < messageHeaderLength)
      throw new NetlinkFormatError(`${buffer.length - offset} stray bytes at ${offset}`);
    const length = buffer.readUInt32LE(offset);
    const end = offset + length;
    if (length < messageHeaderLength || end > buffer.length)
      throw new NetlinkFormatError(`message at ${offset} claims ${length} of ${buffer.length - offset} bytes`);
    yield {
      type: buffer.readUInt16LE(offset + 4),
      flags: buffer.readUInt16LE(offset + 6),
      sequence: buffer.readUInt32LE(offset + 8),
      port: buffer.readUInt32LE(offset + 12),
      start: offset + messageHeaderLength,
      end,
    };
    // The last message may lack its padding.
    offset = Math.min((end + 3) & ~3, Math.max(end, buffer.length));
  }
}

/** Calls back with the type (flags taken off) and the place of the value of each attribute between start and end. */
export function eachAttribute(
  buffer: Buffer,
  start: number,
  end: number,
  found: (type: number, start: number, end: number) => void,
): void {
  let offset = start;
  while (offset < end) {
    if (end - offset < attributeHeaderLength)
      throw new NetlinkFormatError(`${end - offset} stray bytes behind the attributes at ${offset}`);
    const length = buffer.readUInt16LE(offset);
    if (length < attributeHeaderLength || offset + length > end)
      throw new NetlinkFormatError(`attribute at ${offset} claims ${length} of ${end - offset} bytes`);
    found(buffer.readUInt16LE(offset + 2) & typeMask, offset + attributeHeaderLength, offset + length);
    offset = Math.min((offset + length + 3) & ~3, Math.max(offset + length, end));
  }
}

/** The attributes by type; of a type that comes twice the last one counts. */
export function readAttributes(buffer: Buffer, start = 0, end = buffer.length): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  eachAttribute(buffer, start, end, (type, from, to) => attributes.set(type, buffer.subarray(from, to)));
  return attributes;
}

/** A text attribute without its NUL byte. */
export function readText(value: Buffer | undefined): string | undefined {
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return value.toString("utf8", 0, end < 0 ? value.length : end);
}

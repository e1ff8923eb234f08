/**
 * The parts of set keys and values, between nft's text ("10.96.0.1 . tcp . 80") and the kernel's bytes (each part padded to four bytes).
 * The text is canonical, so that equal texts and equal bytes mean the same.
 */
import { formatAddress, parseAddress } from "../../ip/address.ts";

export type FieldType = "ipv4_addr" | "ipv6_addr" | "inet_proto" | "inet_service" | "mark" | "integer";

export const fieldSizes: Record<FieldType, number> = {
  ipv4_addr: 4,
  ipv6_addr: 16,
  inet_proto: 4,
  inet_service: 4,
  mark: 4,
  integer: 4,
};

/** The numbers the kernel knows protocols by (IANA). */
const protocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };
const protocolNames = new Map(Object.entries(protocols).map(([name, number]) => [number, name]));

export const fieldSeparator = " . ";

/** A text that is not what its field's type takes. */
export class FieldError extends RangeError {
  constructor(type: FieldType, text: string) {
    super(`nftables: ${JSON.stringify(text)} is no ${type}`);
    this.name = "FieldError";
  }
}

export function sizeOfFields(fields: readonly FieldType[]): number {
  let size = 0;
  for (let index = 0; index < fields.length; index += 1) size += fieldSizes[fields[index]!];
  return size;
}

/** Writes the fields of a text at an offset of a zeroed buffer. Throws FieldError. */
export function encodeFields(fields: readonly FieldType[], text: string, target: Buffer, offset: number): void {
  let from = 0;
  let at = offset;
  for (let index = 0; index < fields.length; index += 1) {
    const type = fields[index]!;
    const separator = index === fields.length - 1 ? -1 : text.indexOf(fieldSeparator, from);
    const to = separator === -1 ? text.length : separator;
    encodeField(type, text, from, to, target, at);
    from = to + fieldSeparator.length;
    at += fieldSizes[type];
  }
  if (from < text.length + fieldSeparator.length) throw new FieldError(fields.at(-1)!, text);
}

function encodeField(type: FieldType, text: string, from: number, to: number, target: Buffer, at: number): void {
  switch (type) {
    case "ipv4_addr":
      encodeIPv4(text, from, to, target, at);
      return;
    case "ipv6_addr":
      encodeIPv6(text.slice(from, to), target, at);
      return;
    case "inet_proto": {
      const number = protocols[text.slice(from, to)];
      if (number === undefined) throw new FieldError(type, text.slice(from, to));
      target[at] = number;
      return;
    }
    case "inet_service":
      target.writeUInt16BE(decimal(type, text, from, to, 0xffff), at);
      return;
    default:
      // In host order, as the kernel's registers have marks and numgen's results.
      target.writeUInt32LE(decimal(type, text, from, to, 0xffff_ffff), at);
  }
}

function decimal(type: FieldType, text: string, from: number, to: number, most: number): number {
  let value = 0;
  for (let index = from; index < to; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) throw new FieldError(type, text.slice(from, to));
    value = value * 10 + digit;
  }
  if (from >= to || to - from > 10 || value > most) throw new FieldError(type, text.slice(from, to));
  return value;
}

function encodeIPv4(text: string, from: number, to: number, target: Buffer, at: number): void {
  let start = from;
  for (let octet = 0; octet < 4; octet += 1) {
    const dot = octet === 3 ? to : text.indexOf(".", start);
    if (dot === -1 || dot > to) throw new FieldError("ipv4_addr", text.slice(from, to));
    target[at + octet] = decimal("ipv4_addr", text, start, dot, 255);
    start = dot + 1;
  }
}

function encodeIPv6(text: string, target: Buffer, at: number): void {
  const address = parseAddress(text);
  if (address?.family !== 6) throw new FieldError("ipv6_addr", text);
  target.writeBigUInt64BE(address.value >> 64n, at);
  target.writeBigUInt64BE(address.value & 0xffff_ffff_ffff_ffffn, at + 8);
}

/** The text of bytes that the kernel sent. Throws RangeError when they are too few. */
export function decodeFields(fields: readonly FieldType[], source: Buffer, start: number, end: number): string {
  if (end - start < sizeOfFields(fields))
    throw new RangeError(`nftables: ${end - start} bytes for ${fields.join(" . ")}`);
  let at = start;
  let text = "";
  for (const type of fields) {
    if (at > start) text += fieldSeparator;
    text += decodeField(type, source, at);
    at += fieldSizes[type];
  }
  return text;
}

function decodeField(type: FieldType, source: Buffer, at: number): string {
  switch (type) {
    case "ipv4_addr":
      return `${source[at]}.${source[at + 1]}.${source[at + 2]}.${source[at + 3]}`;
    case "ipv6_addr":
      return formatAddress({
        family: 6,
        value: (source.readBigUInt64BE(at) << 64n) | source.readBigUInt64BE(at + 8),
      });
    case "inet_proto":
      return protocolNames.get(source[at]!) ?? String(source[at]);
    case "inet_service":
      return String(source.readUInt16BE(at));
    default:
      return String(source.readUInt32LE(at));
  }
}

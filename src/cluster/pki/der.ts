/**
 * Distinguished Encoding Rules (ITU-T X.690) for what a certificate is made of: writing only. Every function returns one complete
 * tag-length-value.
 */

function lengthOf(size: number): number[] {
  if (size < 0x80) return [size];
  const bytes: number[] = [];
  for (let rest = size; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}

function tlv(tag: number, ...contents: Uint8Array[]): Buffer {
  const size = contents.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Uint8Array.from([tag, ...lengthOf(size)]), ...contents]);
}

export const sequence = (...items: Uint8Array[]) => tlv(0x30, ...items);
export const boolean = (value: boolean) => tlv(0x01, Uint8Array.of(value ? 0xff : 0));
export const octetString = (value: Uint8Array) => tlv(0x04, value);
export const utf8String = (value: string) => tlv(0x0c, Buffer.from(value, "utf8"));
/** A set of one: the only kind that a distinguished name needs (sets of more would have to be sorted). */
export const setOf = (item: Uint8Array) => tlv(0x31, item);
/** [number] EXPLICIT, constructed. */
export const explicit = (number: number, content: Uint8Array) => tlv(0xa0 | number, content);
/** [number] IMPLICIT of a primitive type: its content without its own tag. */
export const implicit = (number: number, content: Uint8Array) => tlv(0x80 | number, content);

/** An INTEGER that is not negative, given as big-endian bytes. */
export function unsignedInteger(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const minimal = bytes.subarray(start);
  return tlv(0x02, (minimal[0] ?? 0) & 0x80 ? Uint8Array.of(0) : Uint8Array.of(), minimal);
}

/** A BIT STRING of whole bytes. */
export const bitString = (bytes: Uint8Array) => tlv(0x03, Uint8Array.of(0), bytes);

/** A BIT STRING with named bits (X.690 11.2.2: trailing zero bits are left out). Bit 0 is the first. Bits up to 7 only. */
export function namedBits(bits: readonly number[]): Buffer {
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return tlv(0x03, Uint8Array.of(7 - Math.max(...bits), byte));
}

/** "2.5.29.17" */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 | (left % 128));
    return groups;
  });
  return tlv(0x06, Uint8Array.from(bytes));
}

/** RFC 5280 4.1.2.5: UTCTime through the year 2049, GeneralizedTime from 2050 on; whole seconds. */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050
    ? tlv(0x17, Buffer.from(digits.slice(2), "ascii"))
    : tlv(0x18, Buffer.from(digits, "ascii"));
}

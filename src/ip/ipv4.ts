/**
 * IPv4 addresses as numbers (0 to 2^32-1) and prefixes of them: for allocators, which count through one IPv4 range. What may be of either
 * family goes by address.ts and prefix.ts.
 */

export interface Prefix {
  /** The first address, the network's own. */
  base: number;
  /** Length, 0 to 32. */
  bits: number;
}

const [dot, zero, nine] = [0x2e, 0x30, 0x39];

/** "10.32.0.3" as a number; undefined when it is no IPv4 address: four decimal parts without leading zeros. */
export function parseIPv4(text: string): number | undefined {
  return parseOctets(text, false);
}

/** As parseIPv4, but leading zeros are taken, and are decimal: Kubernetes reads stored objects so. */
export function parseSloppyIPv4(text: string): number | undefined {
  return parseOctets(text, true);
}

/** Character by character: a proxy reads tens of thousands at its start. */
function parseOctets(text: string, leadingZeros: boolean): number | undefined {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === dot) {
      if (digits === 0) return undefined;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      dots += 1;
      continue;
    }
    if (code < zero || code > nine || (digits > 0 && octet === 0 && !leadingZeros)) return undefined;
    octet = octet * 10 + code - zero;
    digits += 1;
    if (octet > 255) return undefined;
  }
  return digits > 0 && dots === 3 ? value * 256 + octet : undefined;
}

export function formatIPv4(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join(".");
}

/** "10.32.0.0/12"; undefined when it is none, or when bits behind the length are set. */
export function parsePrefix(text: string): Prefix | undefined {
  const match = /^([\d.]+)\/(0|[1-9]\d?)$/.exec(text);
  const base = parseIPv4(match?.[1] ?? "");
  const bits = Number(match?.[2]);
  if (base === undefined || bits > 32 || base % 2 ** (32 - bits) !== 0) return undefined;
  return { base, bits };
}

export function formatPrefix({ base, bits }: Prefix): string {
  return `${formatIPv4(base)}/${bits}`;
}

/** How many addresses it holds, first and last included. */
export function sizeOf({ bits }: Prefix): number {
  return 2 ** (32 - bits);
}

export function contains(prefix: Prefix, address: number): boolean {
  return address >= prefix.base && address < prefix.base + sizeOf(prefix);
}

export function overlaps(one: Prefix, other: Prefix): boolean {
  return contains(one, other.base) || contains(other, one.base);
}

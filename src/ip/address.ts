import { formatIPv4, parseIPv4, parseSloppyIPv4 } from "./ipv4.ts";

export type Family = 4 | 6;

/** An IPv4 or IPv6 address as a number, so that it can be compared, counted and masked. */
export interface Address {
  family: Family;
  value: bigint;
}

export function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

/** Parses an address strictly: four decimal numbers without leading zeros, or RFC 4291's text forms without a zone. */
export function parseAddress(text: string): Address | undefined {
  return parse(text, false);
}

/**
 * Parses an address the way Kubernetes reads stored objects (its "sloppy" parser): leading zeros in IPv4 are decimal, and an IPv4-mapped
 * IPv6 address is the IPv4 address, as in Go. For objects of others only; what is written is canonical.
 */
export function parseSloppyAddress(text: string): Address | undefined {
  const address = parse(text, true);
  const mapped = address?.family === 6 && address.value >> 32n === 0xffffn;
  return mapped ? { family: 4, value: address.value & 0xffff_ffffn } : address;
}

/** The canonical text of what parseSloppyAddress reads, and its family; undefined when that is. Quick for IPv4 texts that are canonical. */
export function canonicalAddress(text: string): { family: Family; text: string } | undefined {
  if (text.length <= longestText && parseIPv4(text) !== undefined) return { family: 4, text };
  const address = parseSloppyAddress(text);
  return address && { family: address.family, text: formatAddress(address) };
}

const longestText = 64;

function parse(text: string, sloppy: boolean): Address | undefined {
  if (text.length > longestText) return undefined;
  const value = text.includes(":") ? parseGroups(text, sloppy) : parseOctets(text, sloppy);
  return value === undefined ? undefined : { family: text.includes(":") ? 6 : 4, value };
}

function parseOctets(text: string, sloppy: boolean): bigint | undefined {
  const value = sloppy ? parseSloppyIPv4(text) : parseIPv4(text);
  return value === undefined ? undefined : BigInt(value);
}

const groupPattern = /^[0-9a-fA-F]{1,4}$/;

function parseGroups(text: string, sloppy: boolean): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const parsed: bigint[][] = [];
  for (const [index, half] of halves.entries()) {
    const groups = half === "" && halves.length === 2 ? [] : half.split(":");
    const values: bigint[] = [];
    for (const [position, group] of groups.entries()) {
      if (groupPattern.test(group)) values.push(BigInt(`0x${group}`));
      else {
        // An IPv4 address may stand for the last two groups.
        const last = index === halves.length - 1 && position === groups.length - 1;
        const embedded = last && group.includes(".") ? parseOctets(group, sloppy) : undefined;
        if (embedded === undefined) return undefined;
        values.push(embedded >> 16n, embedded & 0xffffn);
      }
    }
    parsed.push(values);
  }
  const [front = [], back = []] = parsed;
  const missing = 8 - front.length - back.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...front, ...new Array<bigint>(missing).fill(0n), ...back];
  return all.reduce((value, group) => (value << 16n) | group, 0n);
}

/** The canonical text: dotted decimal, or RFC 5952. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return formatIPv4(Number(value));
  if (value >> 32n === 0xffffn) return `::ffff:${formatIPv4(Number(value & 0xffff_ffffn))}`;
  const groups = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - 16 * index)) & 0xffffn);
  let longest = { start: 0, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0n) length += 1;
    if (length > longest.length) longest = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (longest.length < 2) return hex.join(":");
  const { start, length } = longest;
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

/** "10.32.0.3:80", "[fd00::3]:80". Takes the canonical text of an address. */
export function formatAddressPort(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The family of a canonical text. */
export function familyOf(address: string): Family {
  return address.includes(":") ? 6 : 4;
}

/** IPv4 before IPv6, then by value. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback({ family, value }: Address): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n;
}

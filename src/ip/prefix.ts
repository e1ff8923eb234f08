import {
  type Address,
  bitsOf,
  compareAddresses,
  type Family,
  formatAddress,
  parseAddress,
  parseSloppyAddress,
} from "./address.ts";

/** An address range "10.0.0.0/8"; the bits of `value` behind `length` are zero. */
export interface Prefix {
  family: Family;
  value: bigint;
  length: number;
}

/** Parses "ADDRESS/LENGTH" strictly; bits behind the length are cleared. */
export function parsePrefix(text: string): Prefix | undefined {
  return parse(text, parseAddress, /^(0|[1-9]\d{0,2})$/);
}

/** As parsePrefix, but takes leading zeros in both parts, as Kubernetes does for stored objects. */
export function parseSloppyPrefix(text: string): Prefix | undefined {
  return parse(text, parseSloppyAddress, /^\d{1,9}$/);
}

function parse(text: string, address: (text: string) => Address | undefined, lengths: RegExp): Prefix | undefined {
  const slash = text.indexOf("/");
  if (slash === -1) return undefined;
  const base = address(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (base === undefined || !lengths.test(digits)) return undefined;
  const length = Number(digits);
  if (length > bitsOf(base.family)) return undefined;
  return prefixOf(base, length);
}

/** The range of that length that holds the address. */
export function prefixOf({ family, value }: Address, length: number): Prefix {
  const host = BigInt(bitsOf(family) - length);
  return { family, value: (value >> host) << host, length };
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`;
}

export function prefixContains(prefix: Prefix, address: Address): boolean {
  const host = BigInt(bitsOf(prefix.family) - prefix.length);
  return prefix.family === address.family && prefix.value >> host === address.value >> host;
}

/** How many addresses it holds, first and last included. */
export function sizeOf({ family, length }: Prefix): bigint {
  return 1n << BigInt(bitsOf(family) - length);
}

/** The address at a place of the range, counted from 0, the range's first one. */
export function addressAt(prefix: Prefix, offset: number): string {
  return formatAddress({ family: prefix.family, value: prefix.value + BigInt(offset) });
}

/** The place of an address in the range, counted from 0; undefined when it is outside. */
export function offsetOf(prefix: Prefix, address: Address): bigint | undefined {
  return prefixContains(prefix, address) ? address.value - prefix.value : undefined;
}

/** Whether two ranges have an address in common. */
export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length ? prefixContains(a, b) : prefixContains(b, a);
}

/** By address, then the wider one first. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  return compareAddresses(a, b) || a.length - b.length;
}

/** The same addresses, sorted, without a range inside another one. */
export function disjointPrefixes(prefixes: readonly Prefix[]): Prefix[] {
  const kept: Prefix[] = [];
  for (const prefix of prefixes.toSorted(comparePrefixes)) {
    const last = kept.at(-1);
    if (last === undefined || !prefixesOverlap(last, prefix)) kept.push(prefix);
  }
  return kept;
}

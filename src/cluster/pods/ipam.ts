/** The addresses of one node's podCIDR. */
import { formatIPv4, parseIPv4, parsePrefix, sizeOf } from "../../ip/ipv4.ts";
import { addressAt, parsePrefix as parseAnyPrefix, sizeOf as sizeOfAny } from "../../ip/prefix.ts";

export interface AddressRange {
  /** First address that a Pod may get, as a 32-bit number. */
  first: number;
  /** Last one. */
  last: number;
}

/** The usable addresses of an IPv4 prefix: without its network address, its broadcast address, and the first one, kept for the node. */
export function addressRange(cidr: string): AddressRange {
  const prefix = parsePrefix(cidr);
  if (prefix === undefined || prefix.bits < 8 || prefix.bits > 29)
    throw new Error(`podCIDR "${cidr}" is no IPv4 prefix of 8 to 29 bits without host bits`);
  const { base } = prefix;
  return { first: base + 2, last: base + sizeOf(prefix) - 2 };
}

/**
 * What finds the address in an IPv6 range that is at the same place as an address of an IPv4 range: one allocator then serves both families, and
 * whoever has the one address has the other.
 */
export function partnerIn(ipv6: string, ipv4: string): (address: string) => string {
  const range = parseAnyPrefix(ipv6);
  const base = parsePrefix(ipv4);
  if (range?.family !== 6 || base === undefined || sizeOf(base) > sizeOfAny(range))
    throw new Error(`podCIDR "${ipv6}" is no IPv6 prefix with room for the addresses of ${ipv4}`);
  return (address) => addressAt(range, numberOf(address) - base.base);
}

/**
 * Hands out addresses in a ring: the next free one after the last one given, so that an address that was just released is used again as
 * late as possible, and a Pod that is made anew gets another address.
 */
export class AddressPool {
  readonly range: AddressRange;
  readonly #used = new Set<number>();
  #cursor: number;

  /** `cursor` is the last address given in an earlier life; 0 when there was none. */
  constructor(range: AddressRange, cursor = 0) {
    this.range = range;
    this.#cursor = cursor >= range.first && cursor <= range.last ? cursor : range.first - 1;
  }

  /** The last address given; to be kept for the next life. */
  get cursor(): number {
    return this.#cursor;
  }

  get size(): number {
    return this.#used.size;
  }

  /** Undefined when every address is taken. */
  allocate(): string | undefined {
    const { first, last } = this.range;
    const total = last - first + 1;
    if (this.#used.size >= total) return undefined;
    let candidate = this.#cursor;
    do candidate = candidate >= last ? first : candidate + 1;
    while (this.#used.has(candidate));
    this.#used.add(candidate);
    this.#cursor = candidate;
    return formatIPv4(candidate);
  }

  /** Marks an address that a Pod of an earlier life still has. An address outside of the range is nobody's business here. */
  take(address: string): void {
    const value = numberOf(address);
    if (value >= this.range.first && value <= this.range.last) this.#used.add(value);
  }

  release(address: string): void {
    this.#used.delete(numberOf(address));
  }
}

function numberOf(address: string): number {
  const value = parseIPv4(address);
  if (value === undefined) throw new Error(`"${address}" is no IPv4 address`);
  return value;
}

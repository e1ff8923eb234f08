import { parseAddress } from "../../../ip/address.ts";
import { addressAt, formatPrefix, offsetOf, type Prefix, sizeOf } from "../../../ip/prefix.ts";
import { type IPFamily, ipFamilyOf } from "../../../kubernetes/ip-family.ts";
import { clamp, NumberPool } from "./number-pool.ts";

/** As many as Kubernetes takes from a range that is longer. */
const largestPool = 1n << 20n;

/** The cluster addresses of one family, as numbers: an address is its place in the range. */
export class AddressPool {
  readonly family: IPFamily;
  /** "10.96.0.0/12" */
  readonly range: string;
  readonly numbers: NumberPool;
  readonly #range: Prefix;

  constructor(range: Prefix, random?: (below: number) => number) {
    this.#range = range;
    this.range = formatPrefix(range);
    this.family = ipFamilyOf(this.range);
    const whole = sizeOf(range);
    const size = Number(whole < largestPool ? whole : largestPool);
    // The lower part is left to people who choose by hand, as in Kubernetes (KEP-3070).
    const chosenByHand = size > 32 ? clamp(Math.floor(size / 16), 16, 256) : 0;
    this.numbers = new NumberPool({
      // The first address is the network's own (of IPv6: any router's), the last of IPv4 reaches all of it.
      first: 1,
      last: size - (this.family === "IPv4" ? 2 : 1),
      dynamicFrom: 1 + chosenByHand,
      random,
    });
  }

  addressOf(number: number): string {
    return addressAt(this.#range, number);
  }

  /** -1 for what is no address of the range. */
  numberOf(text: string): number {
    const address = parseAddress(text);
    return Number((address && offsetOf(this.#range, address)) ?? -1);
  }
}

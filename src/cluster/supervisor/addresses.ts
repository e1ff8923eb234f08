/** Which addresses a cluster and its nodes get. Pure: what is taken is an argument. */
import { contains, formatIPv4, formatPrefix, overlaps, type Prefix, parsePrefix } from "../../ip/ipv4.ts";
import { firstNodeOffset } from "../config.ts";
import { maximumNodes, OptionError } from "./options.ts";

/** RFC 2544's benchmark range. */
const pool = parsePrefix("198.18.0.0/15")!;

/** A destination that the host can reach already. */
export interface TakenRange {
  prefix: Prefix;
  /** For people: "the route to 10.0.0.0/8 (eth0)". */
  what: string;
}

/** Routes as the kernel lists them ("10.0.0.0/8", "192.0.2.1"); what is no IPv4 destination is passed over. */
export function takenRanges(routes: readonly { prefix: string; device: string }[]): TakenRange[] {
  return routes.flatMap(({ prefix, device }) => {
    const parsed = parsePrefix(prefix.includes("/") ? prefix : `${prefix}/32`);
    return parsed === undefined ? [] : [{ prefix: parsed, what: `the host's route to ${prefix} (${device})` }];
  });
}

/** The /24s that a cluster may use for its nodes, in the order they are tried. Throws OptionError when none is left. */
export function nodeRangeCandidates(
  taken: readonly TakenRange[],
  reserved: readonly Prefix[],
  wanted?: string,
  remembered?: string,
): string[] {
  const blocker = (range: Prefix) => taken.find(({ prefix }) => overlaps(prefix, range));
  if (wanted !== undefined) {
    const blocked = blocker(parsePrefix(wanted)!);
    if (blocked !== undefined)
      throw new OptionError(
        "--node-cidr",
        `${wanted} overlaps ${blocked.what}; give another range, or leave the flag out`,
      );
    return [wanted];
  }
  const candidates: Prefix[] = remembered === undefined ? [] : [parsePrefix(remembered)!];
  for (let base = pool.base; contains(pool, base); base += 256) candidates.push({ base, bits: 24 });
  const free = candidates.filter(
    (range) => blocker(range) === undefined && !reserved.some((other) => overlaps(other, range)),
  );
  if (free.length === 0)
    throw new OptionError("--node-cidr", `every /24 of ${formatPrefix(pool)} is in use on this host; name a free one`);
  return [...new Set(free.map(formatPrefix))];
}

/** Gives out node addresses: the lowest that is free, from the 10th of nodeCIDR on. */
export class NodeAddresses {
  readonly #base: number;
  readonly #byName = new Map<string, string>();

  constructor(nodeCIDR: string) {
    this.#base = parsePrefix(nodeCIDR)!.base;
  }

  /** The address of a node; the same one for as long as it is not released. */
  assign(name: string): string {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const used = new Set(this.#byName.values());
    for (let index = 0; index < maximumNodes; index += 1) {
      const address = formatIPv4(this.#base + firstNodeOffset + index);
      if (used.has(address)) continue;
      this.#byName.set(name, address);
      return address;
    }
    throw new Error(`no address is left for node "${name}": a cluster has at most ${maximumNodes} nodes`);
  }

  /** Takes over what an earlier run gave out, as an offset from the start of the range, so that it also holds after a change of range. */
  restore(entries: Record<string, number>): void {
    for (const [name, offset] of Object.entries(entries)) {
      const address = formatIPv4(this.#base + offset);
      const inRange = Number.isInteger(offset) && offset >= firstNodeOffset && offset < firstNodeOffset + maximumNodes;
      if (inRange && ![...this.#byName.values()].includes(address)) this.#byName.set(name, address);
    }
  }

  save(): Record<string, number> {
    const offset = (address: string) => Number(address.slice(address.lastIndexOf(".") + 1));
    return Object.fromEntries([...this.#byName].map(([name, address]) => [name, offset(address)]));
  }

  release(name: string): void {
    this.#byName.delete(name);
  }
}

/** Which addresses a cluster and its nodes get. Pure: what is taken is an argument. */
import { parseAddress } from "../../ip/address.ts";
import {
  addressAt,
  formatPrefix,
  offsetOf,
  type Prefix,
  parsePrefix,
  prefixContains,
  prefixesOverlap,
  prefixOf,
} from "../../ip/prefix.ts";
import { type ClusterConfig, firstNodeOffset } from "../config.ts";
import { OptionError } from "./option-error.ts";

/** RFC 2544's benchmark range. */
const pool = parsePrefix("198.18.0.0/15")!;

/** Nodes have the 10th to the 254th address of nodeCIDR. */
export const maximumNodes = 245;

/** A destination that the host can reach already. */
export interface TakenRange {
  prefix: Prefix;
  /** For people: "the route to 10.0.0.0/8 (eth0)". */
  what: string;
}

/** Routes as the kernel lists them ("10.0.0.0/8", "192.0.2.1", "fd00::/64"); what is no destination is passed over. */
export function takenRanges(routes: readonly { prefix: string; device: string }[]): TakenRange[] {
  return routes.flatMap(({ prefix, device }) => {
    const whole = prefix.includes(":") ? 128 : 32;
    const parsed = parsePrefix(prefix.includes("/") ? prefix : `${prefix}/${whole}`);
    return parsed === undefined ? [] : [{ prefix: parsed, what: `the host's route to ${prefix} (${device})` }];
  });
}

/** The networks of the nodes: a /24, and in a dual-stack cluster a /64 beside it. */
export interface NodeRanges {
  nodeCIDR: string;
  ipv6?: string;
}

export interface RangeWishes {
  taken: readonly TakenRange[];
  /** The cluster's other ranges. */
  reserved: readonly Prefix[];
  dualStack: boolean;
  /** Ranges that were asked for. */
  wanted?: Partial<NodeRanges>;
  /** Ranges that the cluster had when it was up before. */
  remembered?: Partial<NodeRanges>;
}

/**
 * The ranges that a cluster may use for its nodes, in the order they are tried; found as they are asked for, since the first one is free nearly
 * always. Throws OptionError when there is none.
 */
export function* nodeRangeCandidates(wishes: RangeWishes): Generator<NodeRanges> {
  const { taken, reserved, dualStack, wanted = {}, remembered = {} } = wishes;
  const isFree = (range: string) => {
    const prefix = parsePrefix(range)!;
    return ![...taken.map((one) => one.prefix), ...reserved].some((other) => prefixesOverlap(other, prefix));
  };
  for (const [flag, range] of [
    ["--node-cidr", wanted.nodeCIDR],
    ["--node-cidr-ipv6", dualStack ? wanted.ipv6 : undefined],
  ] as const)
    if (range !== undefined) refuseTaken(flag, range, taken);
  let blocked: string | undefined;
  let isAnyFree = false;
  for (const nodeCIDR of ipv4Ranges(wanted, remembered)) {
    if (nodeCIDR !== wanted.nodeCIDR && !isFree(nodeCIDR)) continue;
    const usual = () =>
      remembered.ipv6 !== undefined && isFree(remembered.ipv6) ? remembered.ipv6 : partnerRange(nodeCIDR);
    const ipv6 = dualStack ? (wanted.ipv6 ?? usual()) : undefined;
    if (ipv6 === undefined || ipv6 === wanted.ipv6 || isFree(ipv6)) {
      isAnyFree = true;
      yield { nodeCIDR, ipv6 };
    } else blocked ??= ipv6;
  }
  if (isAnyFree) return;
  if (blocked === undefined)
    throw new OptionError("--node-cidr", `every /24 of ${formatPrefix(pool)} is in use on this host; name a free one`);
  throw new OptionError(
    "--node-cidr-ipv6",
    `${blocked} is in use, by this host or by another range of the cluster; name a free /64`,
  );
}

function refuseTaken(flag: string, range: string, taken: readonly TakenRange[]): void {
  const blocker = taken.find(({ prefix }) => prefixesOverlap(prefix, parsePrefix(range)!));
  if (blocker !== undefined)
    throw new OptionError(flag, `${range} overlaps ${blocker.what}; give another range, or leave the flag out`);
}

function* ipv4Ranges(wanted: Partial<NodeRanges>, remembered: Partial<NodeRanges>): Generator<string> {
  const [first] = [wanted.nodeCIDR, remembered.nodeCIDR].filter((range) => range !== undefined);
  if (first !== undefined) yield first;
  if (wanted.nodeCIDR !== undefined) return;
  for (let offset = 0; prefixContains(pool, parseAddress(addressAt(pool, offset))!); offset += 256) {
    const range = `${addressAt(pool, offset)}/24`;
    if (range !== first) yield range;
  }
}

/** The /64 that goes with a /24, in RFC 4193's private range and to be recognized: fd00:198:18:4::/64 for 198.18.4.0/24. */
export function partnerRange(nodeCIDR: string): string {
  const [first, second, third] = nodeCIDR.split(".");
  return formatPrefix(prefixOf(parseAddress(`fd00:${first}:${second}:${third}::`)!, 64));
}

/** The IPv6 address at the place of an address of nodeCIDR; undefined in a single-stack cluster. */
export function partnerAddress(
  { nodeCIDR, ipv6 }: Pick<ClusterConfig, "nodeCIDR" | "ipv6">,
  address: string,
): string | undefined {
  if (ipv6 === undefined) return undefined;
  const offset = offsetOf(parsePrefix(nodeCIDR)!, parseAddress(address)!)!;
  return addressAt(parsePrefix(ipv6.nodeCIDR)!, Number(offset));
}

/** Gives out node addresses: the lowest that is free, from the 10th of nodeCIDR on. */
export class NodeAddresses {
  readonly #range: Prefix;
  readonly #byName = new Map<string, string>();

  constructor(nodeCIDR: string) {
    this.#range = parsePrefix(nodeCIDR)!;
  }

  /** The address of a node; the same one for as long as it is not released. */
  assign(name: string): string {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const used = new Set(this.#byName.values());
    for (let index = 0; index < maximumNodes; index += 1) {
      const address = addressAt(this.#range, firstNodeOffset + index);
      if (used.has(address)) continue;
      this.#byName.set(name, address);
      return address;
    }
    throw new Error(`no address is left for node "${name}": a cluster has at most ${maximumNodes} nodes`);
  }

  /** Takes over what an earlier run gave out, as an offset from the start of the range, so that it also holds after a change of range. */
  restore(entries: Record<string, number>): void {
    for (const [name, offset] of Object.entries(entries)) {
      if (!Number.isInteger(offset) || offset < firstNodeOffset || offset >= firstNodeOffset + maximumNodes) continue;
      const address = addressAt(this.#range, offset);
      if (![...this.#byName.values()].includes(address)) this.#byName.set(name, address);
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

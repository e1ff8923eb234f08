/** Chains that Services share: one for each number of endpoints and each way to it, made when the first Service needs it. */
import type { Family } from "../../../ip/address.ts";
import { type Expression, firstRegister, type Rule } from "../../../linux/nftables/rule.ts";
import type { Chain } from "../../../linux/nftables/transaction.ts";
import { familyWords, sets } from "./schema.ts";
import { markOr } from "./skeleton.ts";

const spreads = {
  /** To the Cluster set of a Service's address. */
  endpoints: { map: sets.endpoints, byAddress: true },
  /** To the Local set. */
  local: { map: sets.localEndpoints, byAddress: true },
  "nodeport-endpoints": { map: sets.nodePortEndpoints, byAddress: false },
  "nodeport-local": { map: sets.nodePortLocalEndpoints, byAddress: false },
} as const;

/** From outside: asks for masquerading first. */
const marked = { external: "endpoints", "nodeport-external": "nodeport-endpoints" } as const;

export type SharedChainKind = keyof typeof spreads | keyof typeof marked;

export function sharedChainName(kind: SharedChainKind, endpoints: number): string {
  return `${kind}-${endpoints}`;
}

const pattern = /^((?:nodeport-)?(?:endpoints|local|external))-([1-9]\d*)$/;

export function isSharedChain(name: string): boolean {
  return pattern.test(name);
}

/** The chain of that name and those it leads to, which come first. Throws RangeError when it is no shared chain's name. */
export function sharedChains(name: string, family: Family, mark: number): Chain[] {
  const [, kind, count] = pattern.exec(name) ?? [];
  if (kind === undefined) throw new RangeError(`nftables mode has no chain ${name}`);
  const endpoints = Number(count);
  if (kind === "external" || kind === "nodeport-external") {
    const next = sharedChainName(marked[kind], endpoints);
    return [...sharedChains(next, family, mark), { name, rules: [markRule(mark), gotoRule(next)] }];
  }
  return [{ name, rules: [spreadRule(family, kind as keyof typeof spreads, endpoints)] }];
}

export function gotoRule(chain: string): Rule {
  return { text: `goto ${chain}`, expressions: [{ name: "goto", chain }] };
}

export function markRule(mark: number): Rule {
  return { text: markOr(mark), expressions: [{ name: "mark-or", bits: mark }] };
}

/** One lookup: who was called and a random index give the endpoint. */
function spreadRule(family: Family, kind: keyof typeof spreads, endpoints: number): Rule {
  const { map, byAddress } = spreads[kind];
  const { table, address, nodePort } = familyWords(family);
  const addressRegisters = family === 4 ? 1 : 4;
  const load: Expression[] = [];
  let to = firstRegister;
  if (byAddress) {
    load.push({ ...destinationAddress(family), to });
    to += addressRegisters;
  }
  load.push(
    { name: "protocol", to },
    { name: "payload", base: "transport", offset: 2, length: 2, to: to + 1 },
    { name: "random", modulus: endpoints, to: to + 2 },
    { name: "lookup", set: map, from: firstRegister, to: firstRegister },
    { name: "dnat", family: table, address: firstRegister, port: firstRegister + addressRegisters },
  );
  const key = byAddress ? address : nodePort;
  return { text: `dnat ${table} to ${key} . numgen random mod ${endpoints} map @${map}`, expressions: load };
}

/** Where the addresses stand in the IP header (RFC 791, RFC 8200). */
function destinationAddress(family: Family) {
  return { name: "payload", base: "network", offset: family === 4 ? 16 : 24, length: family === 4 ? 4 : 16 } as const;
}

export function sourceAddress(family: Family) {
  return { name: "payload", base: "network", offset: family === 4 ? 12 : 8, length: family === 4 ? 4 : 16 } as const;
}

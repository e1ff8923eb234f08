/**
 * Chains that choose an endpoint. They are written over netlink: a second `nft` that meets their maps in the kernel refuses rules with them
 * (1.0.6: "conflicting protocols specified: ip vs. th"). Those for a number of endpoints that is too large to be tried in turn are made
 * when the first Service needs one, shared by all, and removed with the last.
 */
import type { Family } from "../../../ip/address.ts";
import { type Expression, firstRegister, type Rule } from "../../../linux/nftables/rule.ts";
import type { Chain } from "../../../linux/nftables/transaction.ts";
import { byAddress, byNodePort, endpointMap, familyWords, mostTried, type Spread } from "./schema.ts";

export function sharedChainName({ chain }: Spread, endpoints: number): string {
  return `${chain}-${endpoints}`;
}

const pattern = /^((?:nodeport-)?(?:cluster|local))-([1-9]\d*)$/;

export function isSharedChain(name: string): boolean {
  return pattern.test(name);
}

/** The chain of that name. Throws RangeError when it is no shared chain's. */
export function sharedChain(name: string, family: Family): Chain {
  const [, prefix, count] = pattern.exec(name) ?? [];
  for (const place of [byAddress, byNodePort])
    for (const spread of [place.cluster, place.local])
      if (spread.chain === prefix)
        return { name, rules: [spreadRule(family, spread, Number(count), place === byAddress)] };
  throw new RangeError(`nftables mode has no chain ${name}`);
}

export function gotoRule(chain: string): Rule {
  return { text: `goto ${chain}`, expressions: [{ name: "goto", chain }] };
}

/** The chains that choose among the endpoints of a Service, whatever their number, which all Services share. */
export function spreadChains(family: Family): Chain[] {
  return [byAddress, byNodePort].flatMap((place) =>
    [place.cluster, place.local].map((spread) => {
      const counts = Array.from({ length: mostTried }, (_, index) => index + 1);
      const address = place === byAddress;
      const rules = counts.map((endpoints) => spreadRule(family, spread, endpoints, address));
      return { name: spread.chain, rules: [verdictRule(family, spread, address), ...rules] };
    }),
  );
}

interface Key {
  text: string;
  expressions: Expression[];
  /** The register behind it. */
  next: number;
}

/** Loads what a packet is addressed to. */
function loadKey(family: Family, address: boolean): Key {
  const words = familyWords(family);
  const expressions: Expression[] = [];
  let next = firstRegister;
  if (address) {
    expressions.push({ ...destinationAddress(family), to: next });
    next += family === 4 ? 1 : 4;
  }
  expressions.push(
    { name: "protocol", to: next },
    { name: "payload", base: "transport", offset: 2, length: 2, to: next + 1 },
  );
  return { text: address ? words.address : words.nodePort, expressions, next: next + 2 };
}

function verdictRule(family: Family, { chains }: Spread, address: boolean): Rule {
  const { text, expressions } = loadKey(family, address);
  const lookup: Expression = { name: "lookup", set: chains, from: firstRegister, to: "verdict" };
  return { text: `${text} vmap @${chains}`, expressions: [...expressions, lookup] };
}

/** Translates with one lookup: who was called and a random index give the endpoint; who is not in the map goes on to the next rule. */
function spreadRule(family: Family, spread: Spread, endpoints: number, address: boolean): Rule {
  const { table } = familyWords(family);
  const { text, expressions, next } = loadKey(family, address);
  const map = endpointMap(spread, endpoints);
  return {
    text: `dnat ${table} to ${text} . numgen random mod ${endpoints} map @${map}`,
    expressions: [
      ...expressions,
      { name: "random", modulus: endpoints, to: next },
      { name: "lookup", set: map, from: firstRegister, to: firstRegister },
      { name: "dnat", family: table, address: firstRegister, port: firstRegister + (family === 4 ? 1 : 4) },
    ],
  };
}

/** Where the addresses stand in the IP header (RFC 791, RFC 8200). */
function destinationAddress(family: Family) {
  return { name: "payload", base: "network", offset: family === 4 ? 16 : 24, length: family === 4 ? 4 : 16 } as const;
}

export function sourceAddress(family: Family) {
  return { name: "payload", base: "network", offset: family === 4 ? 12 : 8, length: family === 4 ? 4 : 16 } as const;
}

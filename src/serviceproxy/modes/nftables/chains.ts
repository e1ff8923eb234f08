/** Chains for a number of endpoints that is too large to be tried in turn, made when the first Service needs one and shared by all. */
import type { Family } from "../../../ip/address.ts";
import { type Expression, firstRegister, type Rule } from "../../../linux/nftables/rule.ts";
import type { Chain } from "../../../linux/nftables/transaction.ts";
import { byAddress, byNodePort, endpointMap, familyWords, type Spread } from "./schema.ts";

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

/** Translates with one lookup: who was called and a random index give the endpoint; who is not in the map goes on to the next rule. */
export function spreadText(family: Family, spread: Spread, endpoints: number, address: boolean): string {
  const words = familyWords(family);
  const key = address ? words.address : words.nodePort;
  return `dnat ${words.table} to ${key} . numgen random mod ${endpoints} map @${endpointMap(spread, endpoints)}`;
}

function spreadRule(family: Family, spread: Spread, endpoints: number, address: boolean): Rule {
  const { table } = familyWords(family);
  const addressRegisters = family === 4 ? 1 : 4;
  const expressions: Expression[] = [];
  let to = firstRegister;
  if (address) {
    expressions.push({ ...destinationAddress(family), to });
    to += addressRegisters;
  }
  expressions.push(
    { name: "protocol", to },
    { name: "payload", base: "transport", offset: 2, length: 2, to: to + 1 },
    { name: "random", modulus: endpoints, to: to + 2 },
    { name: "lookup", set: endpointMap(spread, endpoints), from: firstRegister, to: firstRegister },
    { name: "dnat", family: table, address: firstRegister, port: firstRegister + addressRegisters },
  );
  return { text: spreadText(family, spread, endpoints, address), expressions };
}

/** Where the addresses stand in the IP header (RFC 791, RFC 8200). */
function destinationAddress(family: Family) {
  return { name: "payload", base: "network", offset: family === 4 ? 16 : 24, length: family === 4 ? 4 : 16 } as const;
}

export function sourceAddress(family: Family) {
  return { name: "payload", base: "network", offset: family === 4 ? 12 : 8, length: family === 4 ? 4 : 16 } as const;
}

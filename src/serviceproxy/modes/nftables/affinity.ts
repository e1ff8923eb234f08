/**
 * Chains and sets of a service port with session affinity, the one thing that is not shared: who is with which endpoint is a set of client
 * addresses for each endpoint, which packets fill and renew, whichever of the Service's addresses they came to. An endpoint that leaves takes
 * its set with it.
 */
import { createHash } from "node:crypto";
import type { Family } from "../../../ip/address.ts";
import { firstRegister, type Rule } from "../../../linux/nftables/rule.ts";
import type { SetSchema } from "../../../linux/nftables/schema.ts";
import type { Chain } from "../../../linux/nftables/transaction.ts";
import type { Endpoint, ServicePort } from "../../table.ts";
import { gotoRule, sourceAddress } from "./chains.ts";
import { familyWords } from "./schema.ts";

/** The most clients that one endpoint's set holds, the kernel's default; others are spread without being remembered. */
const mostClients = 65_535;

const prefix = "affinity-";

export interface AffinityObjects {
  sets: SetSchema[];
  /** Each stands behind those that it leads to. */
  chains: Chain[];
}

/** The timeout is part of the names: with another one all begins anew. */
function baseName({ key, affinitySeconds }: ServicePort): string {
  const hash = createHash("sha256").update(`${key} ${affinitySeconds}`).digest("hex").slice(0, 16);
  return prefix + hash;
}

export type AffinityWay = "cluster" | "local";

export function affinityChain(row: ServicePort, way: AffinityWay): string {
  return `${baseName(row)}-${way}`;
}

/** Everything that a service port with affinity needs besides elements. */
export function affinityObjects(row: ServicePort): AffinityObjects {
  const base = baseName(row);
  const { addressType } = familyWords(row.family);
  // nft's names may not hold colons.
  const nameOf = ({ address, port }: Endpoint) => `${base}-${address.replaceAll(":", ".")}/${port}`;
  const all = new Map([...row.cluster, ...row.local].map((endpoint) => [nameOf(endpoint), endpoint]));
  const sets = [...all.keys()].map(
    (name): SetSchema => ({
      name,
      key: [addressType],
      dynamic: { timeoutSeconds: row.affinitySeconds, size: mostClients },
    }),
  );
  const chains: Chain[] = [...all].map(([name, endpoint]) => ({ name, rules: endpointRules(row, name, endpoint) }));
  for (const [way, endpoints] of [
    ["cluster", row.cluster],
    ["local", row.local],
  ] as const)
    if (endpoints.length > 0)
      chains.push({ name: affinityChain(row, way), rules: chooseRules(row.family, endpoints.map(nameOf)) });
  return { sets, chains };
}

/** Remembers the client, and translates. */
function endpointRules({ family, protocol }: ServicePort, set: string, { address, port }: Endpoint): Rule[] {
  const { table, addressType, source } = familyWords(family);
  const words = family === 4 ? 1 : 4;
  const target = family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
  return [
    {
      text: `update @${set} { ${source} }`,
      expressions: [
        { ...sourceAddress(family), to: firstRegister },
        { name: "update", set, key: firstRegister },
      ],
    },
    {
      text: `meta l4proto ${protocol.toLowerCase()} dnat to ${target}`,
      expressions: [
        { name: "protocol", to: firstRegister },
        { name: "equals", fields: ["inet_proto"], text: protocol.toLowerCase(), from: firstRegister },
        { name: "constant", fields: [addressType], text: address, to: firstRegister },
        { name: "constant", fields: ["inet_service"], text: String(port), to: firstRegister + words },
        { name: "dnat", family: table, address: firstRegister, port: firstRegister + words },
      ],
    },
  ];
}

/** Where the client was before, or else a random one: the first of n with probability 1/n, the next of the rest with 1/(n-1), and so on. */
function chooseRules(family: Family, names: readonly string[]): Rule[] {
  const { source } = familyWords(family);
  const known = names.map(
    (name): Rule => ({
      text: `${source} @${name} goto ${name}`,
      expressions: [
        { ...sourceAddress(family), to: firstRegister },
        { name: "lookup", set: name, from: firstRegister },
        { name: "goto", chain: name },
      ],
    }),
  );
  const random = names.map((name, index): Rule => {
    const rest = names.length - index;
    if (rest === 1) return gotoRule(name);
    return {
      text: `numgen random mod ${rest} 0 goto ${name}`,
      expressions: [
        { name: "random", modulus: rest, to: firstRegister },
        { name: "equals", fields: ["integer"], text: "0", from: firstRegister },
        { name: "goto", chain: name },
      ],
    };
  });
  return [...known, ...random];
}

import type { Family } from "../../../ip/address.ts";
import type { FieldType } from "../../../linux/nftables/fields.ts";
import { type SetSchema, type TableFamily, type TableSchema, tableSchema } from "../../../linux/nftables/schema.ts";
import { tableName } from "./cleanup.ts";

/**
 * Service ports with at most this many endpoints have them in the map of just that number: each is one rule, tried in turn. Those with more
 * endpoints, which are few, are led to a chain for their number by a verdict map; the kernel looks at all verdicts that lead to chains
 * whenever one is added.
 */
export const mostTried = 16;

/** Sets that do not depend on how a Service is reached. */
export const sets = {
  clusterIPs: "cluster-ips",
  externalIPs: "external-ips",
  internalLocal: "internal-local-services",
  hairpin: "hairpin-connections",
  firewall: "firewall-ips",
  firewallAllowed: "firewall-allowed",
} as const;

/** The two kinds of places that Services are reached at, each with sets and chains of its own. */
export interface Place {
  /** Policy Cluster: traffic is masqueraded and goes to the Cluster set. */
  external: string;
  /** externalTrafficPolicy Local. */
  policyLocal: string;
  reject: string;
  drop: string;
  cluster: Spread;
  local: Spread;
}

/** One of a service port's two sets of endpoints. */
export interface Spread {
  /** The chain that chooses among them, and the beginning of the names of chains for a larger number. */
  chain: string;
  /** Verdicts to such chains, and to those of service ports with affinity. */
  chains: string;
  /** Endpoints by index, where there are more than `mostTried`. */
  many: string;
}

const spread = (name: string): Spread => ({ chain: name, chains: `${name}-chains`, many: `${name}-endpoints` });

/** At an address of the Service's own. */
export const byAddress: Place = {
  external: "external-services",
  policyLocal: "policy-local-services",
  reject: "reject-services",
  drop: "drop-services",
  cluster: spread("cluster"),
  local: spread("local"),
};

/** At a node's address, by the port alone. */
export const byNodePort: Place = {
  external: "external-nodeports",
  policyLocal: "policy-local-nodeports",
  reject: "reject-nodeports",
  drop: "drop-nodeports",
  cluster: spread("nodeport-cluster"),
  local: spread("nodeport-local"),
};

/** The map that holds the endpoints of service ports with that many of them. */
export function endpointMap({ many }: Spread, endpoints: number): string {
  return endpoints <= mostTried ? `${many}-${endpoints}` : many;
}

function endpointMapsOf(spread: Spread): string[] {
  return [...Array.from({ length: mostTried }, (_, index) => endpointMap(spread, index + 1)), spread.many];
}

/** Maps from an index to an endpoint: written before, and emptied after, whatever leads to them. */
export const endpointMaps: ReadonlySet<string> = new Set(
  [byAddress, byNodePort].flatMap(({ cluster, local }) => [cluster, local].flatMap(endpointMapsOf)),
);

/** nft's words that differ between the families. */
export function familyWords(family: Family) {
  const table: TableFamily = family === 4 ? "ip" : "ip6";
  return {
    table,
    addressType: (family === 4 ? "ipv4_addr" : "ipv6_addr") satisfies FieldType as FieldType,
    /** What a packet is addressed to: the key of a Service's address, and of a node port. */
    address: `${table} daddr . meta l4proto . th dport`,
    nodePort: "meta l4proto . th dport",
    source: `${table} saddr`,
    destination: `${table} daddr`,
  };
}

export function serviceSchema(family: Family): TableSchema {
  const { table, addressType, address, nodePort, destination } = familyWords(family);
  const addressKey: FieldType[] = [addressType, "inet_proto", "inet_service"];
  const nodePortKey: FieldType[] = ["inet_proto", "inet_service"];
  const endpoints = (name: string, key: FieldType[], words: string): SetSchema => ({
    name,
    key: [...key, "integer"],
    value: [addressType, "inet_service"],
    // Only by `typeof` nft takes a random number for a part of a key.
    keyTypeof: `${words} . numgen random mod 2`,
    valueTypeof: `${destination} . th dport`,
  });
  const place = ({ external, policyLocal, reject, drop, cluster, local }: Place, key: FieldType[], words: string) => [
    ...[cluster, local].flatMap((one) => [
      ...endpointMapsOf(one).map((name) => endpoints(name, key, words)),
      { name: one.chains, key, value: "verdict" } as const,
    ]),
    ...[external, policyLocal, reject, drop].map((name) => ({ name, key })),
  ];
  return tableSchema(table, tableName, [
    ...place(byAddress, addressKey, address),
    ...place(byNodePort, nodePortKey, nodePort),
    // Who may comes before what is closed.
    { name: sets.firewallAllowed, key: [...addressKey, addressType], prefixes: true },
    { name: sets.firewall, key: addressKey },
    { name: sets.hairpin, key: [addressType, addressType, "inet_proto", "inet_service"] },
    { name: sets.internalLocal, key: addressKey },
    { name: sets.externalIPs, key: [addressType] },
    { name: sets.clusterIPs, key: [addressType] },
  ]);
}

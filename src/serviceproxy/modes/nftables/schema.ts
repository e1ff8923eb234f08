import type { Family } from "../../../ip/address.ts";
import type { FieldType } from "../../../linux/nftables/fields.ts";
import { type SetSchema, type TableFamily, type TableSchema, tableSchema } from "../../../linux/nftables/schema.ts";

export const tableName = "fairway-proxy";

/** The sets that all Services share; README.md tells what is asked of which, in which order. */
export const sets = {
  clusterIPs: "cluster-ips",
  hairpin: "hairpin-connections",
  services: "service-ips",
  endpoints: "service-endpoints",
  shortCircuit: "short-circuit-ips",
  local: "local-ips",
  localEndpoints: "local-endpoints",
  noEndpoints: "no-endpoint-services",
  nodePorts: "service-nodeports",
  nodePortEndpoints: "nodeport-endpoints",
  nodePortShortCircuit: "short-circuit-nodeports",
  nodePortLocal: "local-nodeports",
  nodePortLocalEndpoints: "nodeport-local-endpoints",
  noEndpointNodePorts: "no-endpoint-nodeports",
  firewall: "firewall-ips",
  firewallAllowed: "firewall-allowed",
} as const;

/** Maps from an index to an endpoint: written before, and emptied after, the verdicts that lead to their chains. */
export const endpointMaps: readonly string[] = [
  sets.endpoints,
  sets.localEndpoints,
  sets.nodePortEndpoints,
  sets.nodePortLocalEndpoints,
];

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
  const verdicts = (name: string, key: FieldType[]): SetSchema => ({ name, key, value: "verdict" });
  const endpoints = (name: string, key: FieldType[], words: string): SetSchema => ({
    name,
    key: [...key, "integer"],
    value: [addressType, "inet_service"],
    // Only by `typeof` nft takes a random number for a part of a key.
    keyTypeof: `${words} . numgen random mod 2`,
    valueTypeof: `${destination} . th dport`,
  });
  return tableSchema(table, tableName, [
    { name: sets.clusterIPs, key: [addressType] },
    { name: sets.hairpin, key: [addressType, addressType, "inet_proto", "inet_service"] },
    verdicts(sets.services, addressKey),
    endpoints(sets.endpoints, addressKey, address),
    verdicts(sets.shortCircuit, addressKey),
    verdicts(sets.local, addressKey),
    endpoints(sets.localEndpoints, addressKey, address),
    verdicts(sets.noEndpoints, addressKey),
    verdicts(sets.nodePorts, nodePortKey),
    endpoints(sets.nodePortEndpoints, nodePortKey, nodePort),
    verdicts(sets.nodePortShortCircuit, nodePortKey),
    verdicts(sets.nodePortLocal, nodePortKey),
    endpoints(sets.nodePortLocalEndpoints, nodePortKey, nodePort),
    verdicts(sets.noEndpointNodePorts, nodePortKey),
    // Who may comes before what is closed.
    { name: sets.firewallAllowed, key: [...addressKey, addressType], prefixes: true },
    { name: sets.firewall, key: addressKey },
  ]);
}

import { comparePrefixes, formatPrefix, parsePrefix, prefixesOverlap } from "../../../ip/prefix.ts";
import { fieldSeparator } from "../../../linux/nftables/fields.ts";
import type { Endpoint, ServicePort } from "../../table.ts";
import { affinityChain } from "./affinity.ts";
import { sharedChainName } from "./chains.ts";
import { sets } from "./schema.ts";
import { nodePortPolicyLocalChain, policyLocalChain, rejectChain } from "./skeleton.ts";

/** Told of each element of a row. A plain set's elements have the empty text as value. */
export type Found = (set: string, key: string, value: string) => void;

const rejected = `goto ${rejectChain}`;

/** How the two kinds of addresses are looked up: by address, or by node port. */
const byAddress = {
  services: sets.services,
  endpoints: sets.endpoints,
  shortCircuit: sets.shortCircuit,
  local: sets.local,
  localEndpoints: sets.localEndpoints,
  noEndpoints: sets.noEndpoints,
  policyLocal: policyLocalChain,
  chains: { cluster: "endpoints", external: "external", local: "local" },
} as const;
const byNodePort = {
  services: sets.nodePorts,
  endpoints: sets.nodePortEndpoints,
  shortCircuit: sets.nodePortShortCircuit,
  local: sets.nodePortLocal,
  localEndpoints: sets.nodePortLocalEndpoints,
  noEndpoints: sets.noEndpointNodePorts,
  policyLocal: nodePortPolicyLocalChain,
  chains: { cluster: "nodeport-endpoints", external: "nodeport-external", local: "nodeport-local" },
} as const;

type Way = keyof (typeof byAddress)["chains"];

/** Everything that a row means as elements of the shared sets. */
export function eachElement(row: ServicePort, found: Found): void {
  const { protocol, port, clusterIP } = row;
  const transport = protocol.toLowerCase();
  const keyOf = (address: string) => `${address}${fieldSeparator}${transport}${fieldSeparator}${port}`;
  found(sets.clusterIPs, clusterIP, "");
  internalElements(row, keyOf(clusterIP), found);
  for (const address of row.externalIPs) externalElements(row, byAddress, keyOf(address), found);
  for (const address of row.loadBalancerIPs) {
    externalElements(row, byAddress, keyOf(address), found);
    firewallElements(row, keyOf(address), address, found);
  }
  if (row.nodePort > 0) externalElements(row, byNodePort, `${transport}${fieldSeparator}${row.nodePort}`, found);
  // An endpoint that calls itself through a Service would get the answer from itself, untranslated.
  for (const endpoints of [row.cluster, row.local])
    for (const { address, port: target, local } of endpoints)
      if (local) found(sets.hairpin, [address, address, transport, target].join(fieldSeparator), "");
}

function chainOf(row: ServicePort, lookups: typeof byAddress | typeof byNodePort, way: Way): string {
  if (row.affinitySeconds > 0) return affinityChain(row, way);
  return sharedChainName(lookups.chains[way], (way === "local" ? row.local : row.cluster).length);
}

function internalElements(row: ServicePort, key: string, found: Found): void {
  switch (row.internal) {
    case "cluster":
      found(sets.services, key, `goto ${chainOf(row, byAddress, "cluster")}`);
      eachEndpoint(row, sets.endpoints, key, row.cluster, found);
      return;
    case "local":
      found(sets.services, key, `goto ${chainOf(row, byAddress, "local")}`);
      eachEndpoint(row, sets.localEndpoints, key, row.local, found);
      return;
    default:
      found(sets.noEndpoints, key, row.internal === "reject" ? rejected : "drop");
  }
}

function externalElements(
  row: ServicePort,
  lookups: typeof byAddress | typeof byNodePort,
  key: string,
  found: Found,
): void {
  if (row.external === "reject") {
    found(lookups.noEndpoints, key, rejected);
    return;
  }
  if (row.cluster.length > 0) eachEndpoint(row, lookups.endpoints, key, row.cluster, found);
  if (!row.externalLocal) {
    found(lookups.services, key, `goto ${chainOf(row, lookups, "external")}`);
    return;
  }
  found(lookups.services, key, `goto ${lookups.policyLocal}`);
  if (row.cluster.length > 0) found(lookups.shortCircuit, key, `goto ${chainOf(row, lookups, "cluster")}`);
  if (row.external === "drop") found(lookups.noEndpoints, key, "drop");
  else {
    found(lookups.local, key, `goto ${chainOf(row, lookups, "local")}`);
    eachEndpoint(row, lookups.localEndpoints, key, row.local, found);
  }
}

function eachEndpoint(row: ServicePort, set: string, key: string, endpoints: readonly Endpoint[], found: Found): void {
  // The chains of a service port with affinity know their endpoints themselves.
  if (row.affinitySeconds > 0) return;
  for (const [index, { address, port }] of endpoints.entries())
    found(set, `${key}${fieldSeparator}${index}`, `${address}${fieldSeparator}${port}`);
}

function firewallElements(row: ServicePort, key: string, address: string, found: Found): void {
  if (row.sourceRanges.length === 0) return;
  found(sets.firewall, key, "");
  // Traffic of this node to the address may have the address itself as its source.
  const own = row.nodeInSourceRanges ? [`${address}/${row.family === 4 ? 32 : 128}`] : [];
  for (const range of disjoint([...row.sourceRanges, ...own]))
    found(sets.firewallAllowed, `${key}${fieldSeparator}${range}`, "");
}

/** The same addresses without a range inside another one: the kernel takes no overlapping intervals. */
function disjoint(ranges: readonly string[]): string[] {
  const sorted = ranges
    .map(parsePrefix)
    .filter((prefix) => prefix !== undefined)
    .sort(comparePrefixes);
  const kept = sorted.slice(0, 0);
  for (const prefix of sorted) {
    const last = kept.at(-1);
    if (last === undefined || !prefixesOverlap(last, prefix)) kept.push(prefix);
  }
  return kept.map(formatPrefix);
}

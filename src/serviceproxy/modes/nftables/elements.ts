import { disjointPrefixes, formatPrefix, parsePrefix } from "../../../ip/prefix.ts";
import { fieldSeparator } from "../../../linux/nftables/fields.ts";
import type { ServicePort } from "../../table.ts";
import { affinityChain } from "./affinity.ts";
import { sharedChainName } from "./chains.ts";
import { byAddress, byNodePort, endpointMap, mostTried, type Place, sets } from "./schema.ts";

/** Told of each element of a row. A plain set's elements have the empty text as value. */
export type Found = (set: string, key: string, value: string) => void;

/** Everything that a row means as elements of the shared sets. */
export function eachElement(row: ServicePort, found: Found): void {
  const { protocol, port, clusterIP } = row;
  const transport = protocol.toLowerCase();
  const keyOf = (address: string) => `${address}${fieldSeparator}${transport}${fieldSeparator}${port}`;
  found(sets.clusterIPs, clusterIP, "");
  internalElements(row, keyOf(clusterIP), found);
  for (const address of [...row.externalIPs, ...row.loadBalancerIPs]) {
    found(sets.externalIPs, address, "");
    externalElements(row, byAddress, keyOf(address), found);
  }
  for (const address of row.loadBalancerIPs) firewallElements(row, keyOf(address), address, found);
  if (row.nodePort > 0) externalElements(row, byNodePort, `${transport}${fieldSeparator}${row.nodePort}`, found);
  // An endpoint that calls itself through a Service would get the answer from itself, untranslated.
  for (const endpoints of [row.cluster, row.local])
    for (const { address, port: target, local } of endpoints)
      if (local) found(sets.hairpin, [address, address, transport, target].join(fieldSeparator), "");
}

function internalElements(row: ServicePort, key: string, found: Found): void {
  switch (row.internal) {
    case "cluster":
      spreadElements(row, byAddress, "cluster", key, found);
      return;
    case "local":
      found(sets.internalLocal, key, "");
      spreadElements(row, byAddress, "local", key, found);
      return;
    default:
      found(byAddress[row.internal], key, "");
  }
}

function externalElements(row: ServicePort, place: Place, key: string, found: Found): void {
  if (row.external === "reject") {
    found(place.reject, key, "");
    return;
  }
  found(row.externalLocal ? place.policyLocal : place.external, key, "");
  spreadElements(row, place, "cluster", key, found);
  if (row.external === "drop") found(place.drop, key, "");
  else if (row.external === "local") spreadElements(row, place, "local", key, found);
}

function spreadElements(row: ServicePort, place: Place, set: "cluster" | "local", key: string, found: Found): void {
  const endpoints = row[set];
  const spread = place[set];
  if (endpoints.length === 0) return;
  if (row.affinitySeconds > 0) {
    // The chain knows the endpoints itself.
    found(spread.chains, key, `goto ${affinityChain(row, set)}`);
    return;
  }
  if (endpoints.length > mostTried) found(spread.chains, key, `goto ${sharedChainName(spread, endpoints.length)}`);
  const map = endpointMap(spread, endpoints.length);
  for (const [index, { address, port }] of endpoints.entries())
    found(map, `${key}${fieldSeparator}${index}`, `${address}${fieldSeparator}${port}`);
}

function firewallElements(row: ServicePort, key: string, address: string, found: Found): void {
  if (row.sourceRanges.length === 0) return;
  found(sets.firewall, key, "");
  // Traffic of this node to the address may have the address itself as its source.
  const own = row.nodeInSourceRanges ? [`${address}/${row.family === 4 ? 32 : 128}`] : [];
  for (const range of disjoint([...row.sourceRanges, ...own]))
    found(sets.firewallAllowed, `${key}${fieldSeparator}${range}`, "");
}

/** The kernel takes no overlapping intervals. */
function disjoint(ranges: readonly string[]): string[] {
  return disjointPrefixes(ranges.map(parsePrefix).filter((prefix) => prefix !== undefined)).map(formatPrefix);
}

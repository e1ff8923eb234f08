import { formatAddressPort } from "../../../ip/address.ts";
import type { VirtualAddress } from "../../../linux/ipvs/server.ts";
import type { Endpoint, Target } from "../../table.ts";
import type { EachElement } from "../desired.ts";
import { type SetKind, serversSet } from "./schema.ts";

/** What rows mean also depends on where the node's addresses are. */
export interface Place {
  /** Where node ports are served. */
  nodePortAddresses: readonly string[];
  /** Addresses that other devices of the node have: kube-ipvs0 must not hold them too. */
  elsewhere: ReadonlySet<string>;
}

/** What a virtual server is asked to be. */
export interface ServerValue {
  /** Seconds; 0: none. */
  persistence: number;
  /** "10.32.0.3:8080" */
  realServers: readonly string[];
}

/** As one text, so that two of them can be compared. */
function formatServerValue({ persistence, realServers }: ServerValue): string {
  return [persistence, ...realServers].join(" ");
}

export function parseServerValue(text: string): ServerValue {
  const [persistence, ...realServers] = text.split(" ");
  return { persistence: Number(persistence), realServers };
}

/** "TCP 10.96.0.1:443", "UDP [fd00::1]:53" */
export function parseServerKey(key: string): VirtualAddress {
  const [protocol = "", place = ""] = key.split(" ");
  return { protocol: protocol as VirtualAddress["protocol"], ...parseAddressPort(place) };
}

/** "10.32.0.3:8080", "[fd00::3]:8080" */
export function parseAddressPort(text: string): { address: string; port: number } {
  const colon = text.lastIndexOf(":");
  return { address: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
}

/** Everything that a row means as virtual servers, elements of IP sets, and addresses to hold. */
export function elementsAt({ nodePortAddresses, elsewhere }: Place): EachElement {
  return (row, found) => {
    const { protocol, port, clusterIP, externalIPs, loadBalancerIPs } = row;
    const put = (kind: SetKind, key: string) => found(kind, key, "");
    const pairOf = (address: string, number: number) => `${address},${protocol.toLowerCase()}:${number}`;
    const serve = (address: string, number: number, endpoints: readonly Endpoint[]) => {
      const realServers = endpoints.map((endpoint) => formatAddressPort(endpoint.address, endpoint.port));
      const value = formatServerValue({ persistence: row.affinitySeconds, realServers });
      found(serversSet, `${protocol} ${formatAddressPort(address, number)}`, value);
    };
    /** One place where clients ask; `dropped` is who is turned away when only other nodes serve. */
    const offer = (address: string, number: number, target: Target, served: SetKind, dropped: SetKind) => {
      const pair = pairOf(address, number);
      const endpoints = target === "local" ? row.local : row.cluster;
      if (target === "reject" || (target !== "drop" && endpoints.length === 0)) put("REJECT", pair);
      else {
        if (target === "drop" && (dropped === "DROP-OUTSIDE" || endpoints.length === 0)) put(dropped, pair);
        if (endpoints.length === 0) return;
        put(served, pair);
        serve(address, number, endpoints);
      }
    };

    // With nobody on this node internalTrafficPolicy Local falls back to the Cluster set where there is one, as kube-proxy's ipvs mode does.
    offer(clusterIP, port, row.internal, "CLUSTER", "DROP");
    const external = row.externalLocal ? "EXTERNAL-LOCAL" : "EXTERNAL";
    for (const address of new Set([...externalIPs, ...loadBalancerIPs]))
      offer(address, port, row.external, external, "DROP-OUTSIDE");
    if (row.nodePort > 0)
      for (const address of nodePortAddresses) offer(address, row.nodePort, row.external, external, "DROP-OUTSIDE");
    if (row.external !== "reject" && row.sourceRanges.length > 0)
      for (const address of loadBalancerIPs) {
        put("FIREWALL", pairOf(address, port));
        // Traffic of this node to the address has the address itself as its source.
        const own = row.nodeInSourceRanges ? [`${address}/${row.family === 4 ? 32 : 128}`] : [];
        for (const range of [...row.sourceRanges, ...own]) put("FIREWALL-ALLOWED", `${pairOf(address, port)},${range}`);
      }
    for (const endpoint of [...row.cluster, ...row.local])
      if (endpoint.local) put("LOOPBACK", `${pairOf(endpoint.address, endpoint.port)},${endpoint.address}`);
    if (row.healthCheckNodePort > 0) put("HEALTH-CHECK", String(row.healthCheckNodePort));
    for (const address of [clusterIP, ...externalIPs, ...loadBalancerIPs])
      if (!elsewhere.has(address)) put("ADDRESSES", address);
  };
}

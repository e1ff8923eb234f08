import type { Family } from "../../ip/address.ts";
import { formatPrefix, parsePrefix } from "../../ip/prefix.ts";
import type { KubeProxyConfiguration } from "../config/schema.ts";

/** How a node tells the traffic of its own Pods from the rest. */
export type LocalTraffic =
  | { kind: "cidr"; cidr: string }
  | { kind: "bridge"; name: string }
  | { kind: "prefix"; prefix: string };

/** A family without one counts no traffic as a Pod's. */
export type LocalTrafficByFamily = Partial<Record<Family, LocalTraffic>>;

/** Whether the answer depends on the Node object. */
export function needsPodCIDRs({ detectLocalMode }: Pick<KubeProxyConfiguration, "detectLocalMode">): boolean {
  return detectLocalMode === "NodeCIDR";
}

/** `podCIDRs`: the Node's, for NodeCIDR. The configuration must be valid. */
export function localTrafficOf(
  {
    detectLocalMode,
    detectLocal,
    clusterCIDR,
  }: Pick<KubeProxyConfiguration, "detectLocalMode" | "detectLocal" | "clusterCIDR">,
  podCIDRs: readonly string[],
): LocalTrafficByFamily {
  const both = (traffic: LocalTraffic): LocalTrafficByFamily => ({ 4: traffic, 6: traffic });
  if (detectLocalMode === "BridgeInterface") return both({ kind: "bridge", name: detectLocal.bridgeInterface });
  if (detectLocalMode === "InterfaceNamePrefix")
    return both({ kind: "prefix", prefix: detectLocal.interfaceNamePrefix });
  const local: LocalTrafficByFamily = {};
  for (const text of detectLocalMode === "NodeCIDR" ? podCIDRs : clusterCIDR.split(",")) {
    const range = parsePrefix(text.trim());
    if (range !== undefined) local[range.family] ??= { kind: "cidr", cidr: formatPrefix(range) };
  }
  return local;
}

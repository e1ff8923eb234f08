import { type Prefix, parseIPv4, parsePrefix } from "../../../ip/ipv4.ts";
import type { ClusterConfig } from "../../config.ts";

/** The ranges that Services get their addresses and ports from. */
export interface ServiceAddresses {
  serviceCIDR: Prefix;
  nodePorts: readonly [number, number];
  /** Addresses that only one Service may have, by "namespace/name": the API's own and DNS. */
  reserved: ReadonlyMap<string, number>;
}

/** Throws for a configuration that names no ranges. */
export function readAddresses({
  serviceCIDR,
  dnsAddress,
  nodePortRange,
}: Pick<ClusterConfig, "serviceCIDR" | "dnsAddress" | "nodePortRange">): ServiceAddresses {
  const prefix = parsePrefix(serviceCIDR);
  const dns = parseIPv4(dnsAddress);
  if (prefix === undefined) throw new Error(`serviceCIDR ${JSON.stringify(serviceCIDR)} is no IPv4 prefix`);
  if (dns === undefined) throw new Error(`dnsAddress ${JSON.stringify(dnsAddress)} is no IPv4 address`);
  const reserved = new Map([
    ["default/kubernetes", prefix.base + 1],
    ["kube-system/kube-dns", dns],
  ]);
  return { serviceCIDR: prefix, nodePorts: nodePortRange, reserved };
}

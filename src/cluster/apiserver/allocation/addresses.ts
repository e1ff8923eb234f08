import { parseAddress } from "../../../ip/address.ts";
import { addressAt, type Prefix, parsePrefix, prefixContains } from "../../../ip/prefix.ts";
import type { ClusterConfig } from "../../config.ts";

/** The ranges that Services get their addresses and ports from. */
export interface ServiceAddresses {
  /** One range for each family that the cluster has, the default family's first. */
  ranges: readonly Prefix[];
  nodePorts: readonly [number, number];
  /** Addresses that only one Service may have, by "namespace/name": the API's own and DNS. */
  reserved: ReadonlyMap<string, string>;
}

/** Throws for a configuration that names no ranges. */
export function readAddresses({
  serviceCIDR,
  ipv6,
  dnsAddress,
  nodePortRange,
}: Pick<ClusterConfig, "serviceCIDR" | "ipv6" | "dnsAddress" | "nodePortRange">): ServiceAddresses {
  const ranges = [serviceCIDR, ...(ipv6 === undefined ? [] : [ipv6.serviceCIDR])].map((text) => {
    const range = parsePrefix(text);
    if (range === undefined) throw new Error(`serviceCIDR ${JSON.stringify(text)} is no prefix`);
    return range;
  });
  const dns = parseAddress(dnsAddress);
  if (dns === undefined || !prefixContains(ranges[0]!, dns)) {
    throw new Error(`dnsAddress ${JSON.stringify(dnsAddress)} is no address of ${serviceCIDR}`);
  }
  const reserved = new Map([
    ["default/kubernetes", addressAt(ranges[0]!, 1)],
    ["kube-system/kube-dns", dnsAddress],
  ]);
  return { ranges, nodePorts: nodePortRange, reserved };
}

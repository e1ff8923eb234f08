import { addressAt, formatPrefix, type Prefix, parsePrefix, prefixesOverlap, sizeOf } from "../../ip/prefix.ts";
import { agentPort, type ClusterConfig, type IPv6Ranges, type Timings } from "../config.ts";
import type { NodeRanges } from "./addresses.ts";
import { checkRange } from "./check-range.ts";
import { OptionError } from "./option-error.ts";
import type { ChosenModes } from "./proxy-modes.ts";

/** What `fairway up` was asked for, checked and with every default filled in. It travels to the supervisor as JSON. */
export interface UpOptions {
  name: string;
  nodes: number;
  /** Absolute paths, and `standardInput`. */
  manifests: string[];
  dataDir?: string;
  imagesFile?: string;
  /** Absent: the first free /24 of 198.18.0.0/15, or the one that the data directory remembers. */
  nodeCIDR?: string;
  podCIDR: string;
  serviceCIDR: string;
  /** "dual" on a host without IPv6 comes out as "ipv4". */
  ipFamily: IPFamilyChoice;
  /** What of IPv6 nodes, Pods and Services have; without nodeCIDR the nodes' range is made of their IPv4 one. */
  ipv6: Omit<IPv6Ranges, "nodeCIDR"> & Partial<Pick<IPv6Ranges, "nodeCIDR">>;
  nodePortRange: [number, number];
  apiPort: number;
  /** Label values; empty: nodes are in no zone. */
  zones: string[];
  proxyModes: ChosenModes;
  timings: Timings;
  /** Nobody will be at the terminal: the summary is the launcher's to print. */
  detach: boolean;
  json: boolean;
}

/** Among the manifests: what standard input has. */
export const standardInput = "-";

export const ipFamilyChoices = ["dual", "ipv4"] as const;
export type IPFamilyChoice = (typeof ipFamilyChoices)[number];

export const presets: Record<string, Timings> = {
  /** A dead node's Pods leave the endpoints after 6 s and are made anew elsewhere 5 s later. */
  fast: { leaseRenewInterval: 1500, nodeMonitorGrace: 6000, podEviction: 5000 },
  /** Kubernetes' own defaults. */
  kubernetes: { leaseRenewInterval: 10_000, nodeMonitorGrace: 40_000, podEviction: 300_000 },
};

export const defaultOptions: Omit<UpOptions, "manifests"> = {
  name: "fairway",
  nodes: 3,
  podCIDR: "10.32.0.0/12",
  serviceCIDR: "10.96.0.0/12",
  ipFamily: "dual",
  ipv6: { podCIDR: "fd00:10:32::/48", serviceCIDR: "fd00:10:96::/108" },
  nodePortRange: [30_000, 32_767],
  apiPort: 6443,
  zones: [],
  proxyModes: { nodes: {} },
  timings: presets.fast!,
  detach: false,
  json: false,
};

/** Bits of the part of podCIDR that each node gets. */
const nodePodBits = 22;
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** Interface names are made of it ("fw-NAME", 15 characters at most). */
export function checkClusterName(name: string): string {
  if (!label.test(name) || name.length > 11)
    throw new OptionError("--name", `"${name}" must be 1 to 11 of a-z, 0-9 and "-", with no "-" at the ends`);
  return name;
}

export function checkNodeName(name: string): string {
  if (!label.test(name) || name.length > 63)
    throw new OptionError("node name", `"${name}" must be 1 to 63 of a-z, 0-9 and "-", with no "-" at the ends`);
  return name;
}

/** Everything that can be checked without looking at the machine. Throws OptionError. */
export function checkOptions(options: UpOptions): void {
  checkClusterName(options.name);
  checkRanges(options);
  const [first, last] = options.nodePortRange;
  if (first > last) throw new OptionError("--node-port-range", `${first} is greater than ${last}`);
  if (first <= agentPort && agentPort <= last)
    throw new OptionError("--node-port-range", `${first}-${last} holds ${agentPort}, the port of the node agents`);
  checkZones(options.zones);
  for (const node of Object.keys(options.proxyModes.nodes)) checkNodeName(node);
  const { leaseRenewInterval, nodeMonitorGrace } = options.timings;
  if (nodeMonitorGrace < 2 * leaseRenewInterval)
    throw new OptionError(
      "--node-monitor-grace-period",
      `${nodeMonitorGrace} ms must be at least twice --lease-renew-interval (${leaseRenewInterval} ms), or healthy nodes seem dead`,
    );
}

/** Each by itself and against the others. */
function checkRanges({ nodeCIDR, podCIDR, serviceCIDR, ipFamily, ipv6, nodes }: UpOptions): void {
  const ranges: [string, Prefix][] = [
    ["--pod-cidr", checkRange("--pod-cidr", podCIDR, 4, nodePodBits, 8)],
    ["--service-cidr", checkRange("--service-cidr", serviceCIDR, 4, 24, 12)],
  ];
  if (nodeCIDR !== undefined) ranges.push(["--node-cidr", checkRange("--node-cidr", nodeCIDR, 4, 24, 24)]);
  if (ipFamily === "dual") {
    // Room for a /64 for each node; and of Services no more than Kubernetes allocates from.
    ranges.push(["--pod-cidr-ipv6", checkRange("--pod-cidr-ipv6", ipv6.podCIDR, 6, 56, 48)]);
    ranges.push(["--service-cidr-ipv6", checkRange("--service-cidr-ipv6", ipv6.serviceCIDR, 6, 120, 108)]);
    if (ipv6.nodeCIDR !== undefined)
      ranges.push(["--node-cidr-ipv6", checkRange("--node-cidr-ipv6", ipv6.nodeCIDR, 6, 64, 64)]);
  } else refuseIPv6(ipv6);
  for (const [index, [flag, range]] of ranges.entries())
    for (const [otherFlag, other] of ranges.slice(0, index))
      if (prefixesOverlap(range, other))
        throw new OptionError(flag, `${formatPrefix(range)} overlaps ${otherFlag} ${formatPrefix(other)}`);
  const room = Number(sizeOf(ranges[0]![1])) / 2 ** (32 - nodePodBits);
  if (nodes > room)
    throw new OptionError("--nodes", `${podCIDR} (--pod-cidr) has room for ${room} nodes of a /${nodePodBits} each`);
}

/** What was asked for beyond the defaults, and a cluster without IPv6 would not have. */
function refuseIPv6(given: UpOptions["ipv6"]): void {
  const flags = { nodeCIDR: "--node-cidr-ipv6", podCIDR: "--pod-cidr-ipv6", serviceCIDR: "--service-cidr-ipv6" };
  for (const key of ["nodeCIDR", "podCIDR", "serviceCIDR"] as const)
    if (given[key] !== defaultOptions.ipv6[key])
      throw new OptionError(flags[key], `${given[key]} has no use with --ip-family ipv4; leave one of the two out`);
}

function checkZones(zones: readonly string[]): void {
  const bad = zones.find((zone) => zone.length > 63 || !/^[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/.test(zone));
  if (bad !== undefined)
    throw new OptionError(
      "--zones",
      `"${bad}" must be 1 to 63 letters, digits, "-", "_" and ".", the first and the last a letter or digit`,
    );
  if (new Set(zones).size < zones.length) throw new OptionError("--zones", `${zones.join(",")} names a zone twice`);
}

/** What every part is told. Addresses are derived here and nowhere else. `ranges`: the nodes', of IPv6 only in a dual-stack cluster. */
export function clusterConfig(options: UpOptions, ranges: NodeRanges): ClusterConfig {
  const nodes = parsePrefix(ranges.nodeCIDR)!;
  return {
    name: options.name,
    nodeCIDR: ranges.nodeCIDR,
    podCIDR: options.podCIDR,
    serviceCIDR: options.serviceCIDR,
    ...(ranges.ipv6 !== undefined && { ipv6: { ...options.ipv6, nodeCIDR: ranges.ipv6 } }),
    nodePortRange: options.nodePortRange,
    hostAddress: addressAt(nodes, 1),
    apiAddress: addressAt(nodes, 2),
    apiPort: options.apiPort,
    ...(options.zones.length > 0 && { zones: options.zones }),
    clusterDomain: "cluster.local",
    dnsAddress: addressAt(parsePrefix(options.serviceCIDR)!, 10),
    timings: options.timings,
    dataDir: options.dataDir,
    imagesFile: options.imagesFile,
  };
}

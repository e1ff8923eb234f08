import { formatIPv4, formatPrefix, overlaps, type Prefix, parsePrefix, sizeOf } from "../../ip/ipv4.ts";
import { agentPort, type ClusterConfig, type Timings } from "../config.ts";
import type { ChosenModes } from "./proxy-modes.ts";

/** What `fairway up` was asked for, checked and with every default filled in. It travels to the supervisor as JSON. */
export interface UpOptions {
  name: string;
  nodes: number;
  /** Absolute paths. */
  manifests: string[];
  dataDir?: string;
  imagesFile?: string;
  /** Absent: the first free /24 of 198.18.0.0/15, or the one that the data directory remembers. */
  nodeCIDR?: string;
  podCIDR: string;
  serviceCIDR: string;
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

/** A value that cannot be used. The message names the flag. */
export class OptionError extends Error {
  constructor(flag: string, message: string) {
    super(`${flag}: ${message}`);
    this.name = "OptionError";
  }
}

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
/** Nodes have the 10th to the 254th address of nodeCIDR. */
export const maximumNodes = 245;

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

const unusable: [string, string][] = [
  ["0.0.0.0/8", "this host"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local, and the Pods' gateway is in it"],
  ["224.0.0.0/3", "multicast and reserved"],
];

/** An address range of the cluster: well-formed, of a size that works, and made of ordinary addresses. */
export function checkRange(flag: string, text: string, smallest: number, largest: number): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined)
    throw new OptionError(flag, `"${text}" is no IPv4 range such as 10.32.0.0/12 (bits behind the length must be 0)`);
  if (prefix.bits > smallest || prefix.bits < largest) {
    const wanted = smallest === largest ? `a /${smallest}` : `between a /${largest} and a /${smallest}`;
    throw new OptionError(flag, `${text} must be ${wanted}`);
  }
  for (const [range, use] of unusable)
    if (overlaps(prefix, parsePrefix(range)!)) throw new OptionError(flag, `${text} overlaps ${range} (${use})`);
  return prefix;
}

/** Everything that can be checked without looking at the machine. Throws OptionError. */
export function checkOptions(options: UpOptions): void {
  checkClusterName(options.name);
  const ranges: [string, Prefix][] = [
    ["--pod-cidr", checkRange("--pod-cidr", options.podCIDR, nodePodBits, 8)],
    ["--service-cidr", checkRange("--service-cidr", options.serviceCIDR, 24, 12)],
  ];
  if (options.nodeCIDR !== undefined) ranges.push(["--node-cidr", checkRange("--node-cidr", options.nodeCIDR, 24, 24)]);
  for (const [index, [flag, range]] of ranges.entries())
    for (const [otherFlag, other] of ranges.slice(0, index))
      if (overlaps(range, other))
        throw new OptionError(flag, `${formatPrefix(range)} overlaps ${otherFlag} ${formatPrefix(other)}`);
  const room = sizeOf(ranges[0]![1]) / 2 ** (32 - nodePodBits);
  if (options.nodes > room)
    throw new OptionError(
      "--nodes",
      `${options.podCIDR} (--pod-cidr) has room for ${room} nodes of a /${nodePodBits} each`,
    );
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

function checkZones(zones: readonly string[]): void {
  const bad = zones.find((zone) => zone.length > 63 || !/^[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/.test(zone));
  if (bad !== undefined)
    throw new OptionError(
      "--zones",
      `"${bad}" must be 1 to 63 letters, digits, "-", "_" and ".", the first and the last a letter or digit`,
    );
  if (new Set(zones).size < zones.length) throw new OptionError("--zones", `${zones.join(",")} names a zone twice`);
}

/** What every part is told. Addresses are derived here and nowhere else. */
export function clusterConfig(options: UpOptions, nodeCIDR: string): ClusterConfig {
  const nodes = parsePrefix(nodeCIDR)!.base;
  const services = parsePrefix(options.serviceCIDR)!.base;
  return {
    name: options.name,
    nodeCIDR,
    podCIDR: options.podCIDR,
    serviceCIDR: options.serviceCIDR,
    nodePortRange: options.nodePortRange,
    hostAddress: formatIPv4(nodes + 1),
    apiAddress: formatIPv4(nodes + 2),
    apiPort: options.apiPort,
    ...(options.zones.length > 0 && { zones: options.zones }),
    clusterDomain: "cluster.local",
    dnsAddress: formatIPv4(services + 10),
    timings: options.timings,
    dataDir: options.dataDir,
    imagesFile: options.imagesFile,
  };
}

/** What a node tells of itself. Pure. */

import { parseIPv4, parsePrefix } from "../../ip/ipv4.ts";
import { type IPFamily, ipFamilyOf } from "../../kubernetes/ip-family.ts";
import type { Node, NodeCondition } from "../../kubernetes/types.ts";
import { kubernetesVersion } from "../../kubernetes/version.ts";
import { agentPort, type ClusterConfig, firstNodeOffset } from "../config.ts";
import { seconds } from "../pods/status.ts";

export interface NodeFacts {
  name: string;
  /** One of each family, the primary one first. */
  addresses: readonly string[];
  architecture: string;
  cpus: number;
  memoryBytes: number;
  kernelVersion: string;
  machineID: string;
  bootID: string;
  osImage: string;
  /** Label topology.kubernetes.io/zone. */
  zone?: string;
}

/** As many as kubelet allows when it is told to; its own default of 110 is for real machines. */
const maximumPods = 500;

export function newNode(facts: NodeFacts): Node {
  const labels = {
    "kubernetes.io/hostname": facts.name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": facts.architecture,
    ...zoneLabels(facts),
  };
  return { metadata: { name: facts.name, labels }, spec: {} };
}

export function zoneLabels({ zone }: Pick<NodeFacts, "zone">): Record<string, string> {
  return zone === undefined ? {} : { "topology.kubernetes.io/zone": zone };
}

/** The zone of the node with an address: zones are dealt out in turn in the order of addresses. */
export function zoneOf(
  { zones = [], nodeCIDR }: Pick<ClusterConfig, "zones" | "nodeCIDR">,
  address: string,
): string | undefined {
  const offset = (parseIPv4(address) ?? 0) - parsePrefix(nodeCIDR)!.base - firstNodeOffset;
  return zones.length === 0 || offset < 0 ? undefined : zones[offset % zones.length];
}

/** Where its Pods get their addresses from: one range of each family of the cluster; undefined while one is missing. */
export function ownPodCIDRs(
  { spec }: Node,
  { ipv6 }: Pick<ClusterConfig, "ipv6">,
): [string] | [string, string] | undefined {
  const podCIDRs = spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);
  const of = (family: IPFamily) => podCIDRs.find((range) => ipFamilyOf(range) === family);
  const four = of("IPv4");
  const six = of("IPv6");
  if (four === undefined) return undefined;
  if (ipv6 === undefined) return [four];
  return six === undefined ? undefined : [four, six];
}

/** The status that a node asserts. `problem`: why Pods cannot run on it; undefined when they can. */
export function nodeStatus(
  facts: NodeFacts,
  problem: string | undefined,
  before: readonly NodeCondition[],
  now: Date,
): NonNullable<Node["status"]> {
  const resources = {
    cpu: String(facts.cpus),
    memory: `${Math.floor(facts.memoryBytes / 1024)}Ki`,
    pods: String(maximumPods),
  };
  return {
    capacity: resources,
    allocatable: resources,
    addresses: [
      ...facts.addresses.map((address) => ({ type: "InternalIP", address })),
      { type: "Hostname", address: facts.name },
    ],
    conditions: nodeConditions(problem, before, now),
    daemonEndpoints: { kubeletEndpoint: { Port: agentPort } },
    nodeInfo: {
      architecture: facts.architecture,
      bootID: facts.bootID,
      containerRuntimeVersion: "fairway://0.1.0",
      kernelVersion: facts.kernelVersion,
      kubeProxyVersion: "",
      kubeletVersion: kubernetesVersion.gitVersion,
      machineID: facts.machineID,
      operatingSystem: "linux",
      osImage: facts.osImage,
      systemUUID: facts.machineID,
    },
  };
}

function nodeConditions(problem: string | undefined, before: readonly NodeCondition[], now: Date): NodeCondition[] {
  const own: Omit<NodeCondition, "lastTransitionTime">[] = [
    {
      type: "MemoryPressure",
      status: "False",
      reason: "KubeletHasSufficientMemory",
      message: "kubelet has sufficient memory available",
    },
    {
      type: "DiskPressure",
      status: "False",
      reason: "KubeletHasNoDiskPressure",
      message: "kubelet has no disk pressure",
    },
    {
      type: "PIDPressure",
      status: "False",
      reason: "KubeletHasSufficientPID",
      message: "kubelet has sufficient PID available",
    },
    problem === undefined
      ? { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
      : { type: "Ready", status: "False", reason: "KubeletNotReady", message: problem },
  ];
  const merged = own.map((next) => {
    const old = before.find(({ type }) => type === next.type);
    const since = old?.status === next.status ? old.lastTransitionTime : undefined;
    return { ...next, lastHeartbeatTime: seconds(now), lastTransitionTime: since ?? seconds(now) };
  });
  return [...merged, ...before.filter(({ type }) => !own.some((next) => next.type === type))];
}

/** Whether what the API has is what the node asserts, heartbeats aside. */
export function isAsserted(asserted: NonNullable<Node["status"]>, stored: Node["status"]): boolean {
  const essence = (status: NonNullable<Node["status"]>) => {
    const conditions = status.conditions?.map(({ type, status: value, reason }) => `${type}=${value}/${reason}`).sort();
    const { capacity, allocatable, addresses, nodeInfo, daemonEndpoints } = status;
    return JSON.stringify([
      conditions,
      sorted(capacity),
      sorted(allocatable),
      addresses?.map(sorted),
      sorted(nodeInfo),
      daemonEndpoints,
    ]);
  };
  return stored !== undefined && essence(asserted) === essence(stored);
}

function sorted(object: object | undefined): [string, unknown][] {
  return Object.entries(object ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

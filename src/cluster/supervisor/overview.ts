import type { KubernetesClient } from "../../kubernetes/client.ts";
import { ipFamilyOf } from "../../kubernetes/ip-family.ts";
import { nodes, pods, services } from "../../kubernetes/resource.ts";
import type { Node, Pod, Service } from "../../kubernetes/types.ts";

/** What there is in a cluster, as far as a summary shows it. */
export interface Overview {
  nodes: { name: string; address: string; ipv6?: string; status: string }[];
  pods: { namespace: string; name: string; ready: string; status: string; ip: string; node: string }[];
  services: { namespace: string; name: string; type: string; clusterIP: string; ports: string; nodePorts: number[] }[];
  /** Of NodePort Services' TCP ports, on the first ready node. */
  urls: string[];
}

/** Lists at most 500 of each. */
export async function readOverview(client: KubernetesClient): Promise<Overview> {
  const limit = 500;
  const [nodeList, podList, serviceList] = await Promise.all([
    client.list<Node>(nodes, { limit }),
    client.list<Pod>(pods, { limit }),
    client.list<Service>(services, { limit }),
  ]);
  const nodeRows = nodeList.items.map(describeNode);
  const serviceRows = serviceList.items.map(describeService);
  const first = nodeRows.find(({ status }) => status === "Ready") ?? nodeRows[0];
  const ports = serviceRows.flatMap(({ nodePorts }) => nodePorts);
  return {
    nodes: nodeRows,
    pods: podList.items.map(describePod),
    services: serviceRows,
    urls: first === undefined ? [] : ports.map((port) => `http://${first.address}:${port}`),
  };
}

export function describeNode({ metadata, status, spec }: Node): Overview["nodes"][number] {
  const ready = status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
  const addresses = (status?.addresses ?? []).filter(({ type }) => type === "InternalIP");
  const ipv6 = addresses.find(({ address }) => ipFamilyOf(address) === "IPv6")?.address;
  return {
    name: metadata?.name ?? "",
    address: addresses[0]?.address ?? "",
    ...(ipv6 !== undefined && { ipv6 }),
    status: `${ready ? "Ready" : "NotReady"}${spec?.unschedulable ? ",SchedulingDisabled" : ""}`,
  };
}

export function describePod({ metadata, spec, status }: Pod): Overview["pods"][number] {
  const containers = status?.containerStatuses ?? [];
  const waiting = containers.find(({ state }) => state?.waiting?.reason)?.state?.waiting?.reason;
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    ready: `${containers.filter(({ ready }) => ready).length}/${spec?.containers.length ?? 0}`,
    status: metadata?.deletionTimestamp ? "Terminating" : (waiting ?? status?.phase ?? "Pending"),
    ip: status?.podIP ?? "<none>",
    node: spec?.nodeName ?? "<none>",
  };
}

export function describeService({ metadata, spec }: Service): Overview["services"][number] {
  const ports = spec?.ports ?? [];
  const text = ({ port, nodePort, protocol = "TCP" }: (typeof ports)[number]) =>
    `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`;
  const isTcp = ({ protocol = "TCP" }: (typeof ports)[number]) => protocol === "TCP";
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    type: spec?.type ?? "ClusterIP",
    clusterIP: spec?.clusterIP || "<none>",
    ports: ports.map(text).join(",") || "<none>",
    nodePorts: ports.filter(isTcp).flatMap(({ nodePort }) => (nodePort ? [nodePort] : [])),
  };
}

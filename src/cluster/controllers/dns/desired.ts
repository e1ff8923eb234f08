import type { Node, Service } from "../../../kubernetes/types.ts";
import { type PortGroup, portsKey } from "../endpointslice/desired.ts";

const zoneLabel = "topology.kubernetes.io/zone";

/** The Service of cluster DNS under the name and labels that every Kubernetes gives it. It has no selector: no Pod serves it. */
export function dnsService(clusterIP: string): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kube-dns",
      namespace: "kube-system",
      labels: { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "DNS" },
    },
    spec: {
      clusterIP,
      ports: [
        { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
        { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
      ],
    },
  };
}

/** Where a node answers, and whether it does: what of a Node decides its endpoint. */
export function serverAddress({ status }: Node): { address: string | undefined; ready: boolean } {
  const address = status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
  return { address, ready: status?.conditions?.find(({ type }) => type === "Ready")?.status === "True" };
}

/**
 * The endpoints: ready nodes, in order of their names. When no node is ready the fault is more likely the API's than all nodes', and DNS on them
 * still answers: then all stay.
 */
export function dnsGroups(nodes: readonly Node[]): Map<string, PortGroup> {
  const known = nodes.filter((node) => serverAddress(node).address !== undefined);
  const ready = known.filter((node) => serverAddress(node).ready);
  const serving = ready.length > 0 ? ready : known;
  if (serving.length === 0) return new Map();
  const ports = [
    { name: "dns", port: 53, protocol: "UDP" },
    { name: "dns-tcp", port: 53, protocol: "TCP" },
  ];
  const endpoints = serving
    .map((node) => {
      const nodeName = node.metadata?.name ?? "";
      const zone = node.metadata?.labels?.[zoneLabel];
      return {
        addresses: [serverAddress(node).address ?? ""],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName,
        targetRef: { kind: "Node", name: nodeName, uid: node.metadata?.uid },
        ...(zone && { zone }),
      };
    })
    .sort((a, b) => (a.nodeName < b.nodeName ? -1 : 1));
  return new Map([[portsKey(ports), { ports, endpoints }]]);
}

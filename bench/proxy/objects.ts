/** Services and EndpointSlices by their number, as an API sends them. */
import type { EndpointSlice, Service } from "../../src/kubernetes/types.ts";

export const namespace = "bench";
export const serviceCIDR = "10.64.0.0/10";
/** Endpoints count as this node's Pods: traffic between them is not masqueraded. */
export const podCIDR = "172.0.0.0/8";
export const nodeName = "node-0";
export const ports = { service: 80, endpoint: 8080 };

/** How many Services, and endpoints of each. */
export interface Size {
  services: number;
  endpoints: number;
}

/** "10000x2"; undefined when the text is none. */
export function parseSize(text: string): Size | undefined {
  const [, services, endpoints] = /^([1-9]\d{0,5})x([1-9]\d{0,2})$/.exec(text) ?? [];
  return services === undefined ? undefined : { services: Number(services), endpoints: Number(endpoints) };
}

export function formatSize({ services, endpoints }: Size): string {
  return `${services}x${endpoints}`;
}

const address = (first: number, index: number) => `${first}.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;

export const clusterIP = (index: number) => address(10, index + 1024);
/** The address that an endpoint has after a change: no other has it. */
export const changedAddress = (change: number) => address(173, change);

export function serviceNumber(index: number): Service {
  return {
    metadata: { name: `svc-${index}`, namespace },
    spec: {
      type: "ClusterIP",
      clusterIP: clusterIP(index),
      clusterIPs: [clusterIP(index)],
      ports: [{ name: "http", protocol: "TCP", port: ports.service, targetPort: ports.endpoint }],
      sessionAffinity: "None",
      internalTrafficPolicy: "Cluster",
    },
    status: { loadBalancer: {} },
  };
}

/** With a `change` its last endpoint has the address of that change. */
export function sliceNumber(index: number, endpoints: number, change = 0): EndpointSlice {
  const addresses = Array.from({ length: endpoints }, (_, place) => address(172, index * endpoints + place));
  if (change > 0) addresses[endpoints - 1] = changedAddress(change);
  return sliceOf(index, addresses);
}

export function sliceOf(index: number, addresses: readonly string[]): EndpointSlice {
  return {
    metadata: { name: `svc-${index}-abcde`, namespace, labels: { "kubernetes.io/service-name": `svc-${index}` } },
    addressType: "IPv4",
    ports: [{ name: "http", protocol: "TCP", port: ports.endpoint }],
    endpoints: addresses.map((text, place) => ({
      addresses: [text],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: `node-${(index + place) % 50}`,
    })),
  };
}

import { endpointSlices, endpoints, services } from "../../kubernetes/resource.ts";
import type { EndpointSlice, Endpoints, Service } from "../../kubernetes/types.ts";
import type { ClusterConfig } from "../config.ts";
import type { ApiContext } from "./context.ts";
import { ensure } from "./ensure.ts";

export type ApiAddress = Pick<ClusterConfig, "apiAddress" | "apiPort">;

/** The Service kubernetes, by which Pods reach this server. */
export function ensureKubernetesService(
  context: ApiContext,
  { apiAddress, apiPort }: ApiAddress,
  clusterIP: string,
): Promise<void>[] {
  const metadata = { name: "kubernetes", namespace: "default" };
  const servicePorts = [{ name: "https", port: 443, protocol: "TCP", targetPort: apiPort }];
  const service: Service = {
    metadata: { ...metadata, labels: { component: "apiserver", provider: "kubernetes" } },
    spec: { type: "ClusterIP", clusterIP, clusterIPs: [clusterIP], ports: servicePorts },
  };
  const ports = [{ name: "https", port: apiPort, protocol: "TCP" }];
  const subsets = [{ addresses: [{ ip: apiAddress }], ports }];
  const slice = [{ addresses: [apiAddress], conditions: { ready: true } }];
  return [
    ensure<Service>(context, services, service, (existing) => {
      existing.spec!.ports = servicePorts;
    }),
    // The controller for slices of hand-written Endpoints must not mirror what has a slice of its own.
    ensure<Endpoints>(
      context,
      endpoints,
      { metadata: { ...metadata, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } }, subsets },
      (existing) => {
        existing.subsets = subsets;
      },
    ),
    ensure<EndpointSlice>(
      context,
      endpointSlices,
      {
        metadata: { ...metadata, labels: { "kubernetes.io/service-name": "kubernetes" } },
        addressType: "IPv4",
        endpoints: slice,
        ports,
      },
      (existing) => {
        existing.endpoints = slice;
        existing.ports = ports;
      },
    ),
  ];
}

/** How long after a change the objects are looked at, and again when that failed. Milliseconds. */
const repairDelay = 1000;
const retryDelay = 10_000;

/** Brings the Service kubernetes and its endpoints back when somebody deletes or changes them. Returns the stopper. */
export function keepKubernetesService(context: ApiContext, address: ApiAddress, clusterIP: string): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const repair = () => {
    timer = undefined;
    if (stopped) return;
    Promise.all(ensureKubernetesService(context, address, clusterIP)).catch((err: Error) => {
      context.log.warn({ err }, "the Service kubernetes could not be brought back");
      repairAfter(retryDelay);
    });
  };
  const repairAfter = (delay: number) => {
    timer ??= setTimeout(repair, delay);
  };
  const unsubscribe = [services, endpoints, endpointSlices].map((resource) =>
    context.registry.get(resource).collection.subscribe(({ entry }) => {
      const { namespace, name } = entry.object.metadata;
      if (namespace === "default" && name === "kubernetes") repairAfter(repairDelay);
    }),
  );
  return () => {
    stopped = true;
    clearTimeout(timer);
    for (const end of unsubscribe) end();
  };
}

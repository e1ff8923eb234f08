import type { EndpointSlice, KubernetesObject, Service } from "../kubernetes/types.ts";
import { serviceNameLabel } from "./inputs.ts";

/** RFC 3339: when what a slice tells began; the EndpointSlice controller sets it. */
export const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

/** Only what the compiler reads stays in memory: a tenth of what the API sends. Objects may be malformed; what is no list is kept as it is. */
export function slimService(service: Service): Service {
  const { spec, status } = service;
  return {
    metadata: slimMetadata(service, []),
    ...(spec && {
      spec: pick(spec, [
        "type",
        "clusterIP",
        "clusterIPs",
        "ports",
        "externalIPs",
        "loadBalancerSourceRanges",
        "sessionAffinity",
        "sessionAffinityConfig",
        "internalTrafficPolicy",
        "externalTrafficPolicy",
        "healthCheckNodePort",
      ]),
    }),
    ...(status?.loadBalancer?.ingress && { status: { loadBalancer: { ingress: status.loadBalancer.ingress } } }),
  };
}

export function slimSlice(slice: EndpointSlice): EndpointSlice {
  const { addressType, endpoints, ports } = slice;
  const trigger = slice.metadata?.annotations?.[triggerTimeAnnotation];
  return {
    metadata: {
      ...slimMetadata(slice, [serviceNameLabel]),
      ...(trigger !== undefined && { annotations: { [triggerTimeAnnotation]: trigger } }),
    },
    addressType,
    ports,
    endpoints: Array.isArray(endpoints)
      ? endpoints.map((endpoint) => endpoint && pick(endpoint, ["addresses", "conditions", "hints", "nodeName"]))
      : endpoints,
  };
}

function slimMetadata(object: KubernetesObject, labels: readonly string[]): KubernetesObject["metadata"] {
  const metadata = object.metadata ?? {};
  const kept = labels.filter((label) => metadata.labels?.[label] !== undefined);
  return {
    ...pick(metadata, ["name", "namespace", "uid", "resourceVersion"]),
    ...(kept.length > 0 && { labels: pick(metadata.labels ?? {}, kept) }),
  };
}

function pick<T extends object, K extends keyof T>(object: T, keys: readonly K[]): Pick<T, K> {
  const picked = {} as Pick<T, K>;
  for (const key of keys) if (object[key] !== undefined) picked[key] = object[key];
  return picked;
}

import type { Service } from "../../../../kubernetes/types.ts";

/** What follows from spec.type. */

export function needsClusterIP({ spec }: Service): boolean {
  return spec?.type === "ClusterIP" || spec?.type === "NodePort" || spec?.type === "LoadBalancer";
}

export function needsNodePort({ spec }: Service): boolean {
  return spec?.type === "NodePort" || (spec?.type === "LoadBalancer" && (spec.allocateLoadBalancerNodePorts ?? true));
}

/** Whether the load balancer asks each node for its health by a port of its own. */
export function needsHealthCheckNodePort({ spec }: Service): boolean {
  return spec?.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";
}

export function isExternallyAccessible({ spec }: Service): boolean {
  if (spec?.type === "LoadBalancer" || spec?.type === "NodePort") return true;
  return spec?.type === "ClusterIP" && (spec.externalIPs ?? []).length > 0;
}

/** clusterIP None: a Service that is only names in DNS. */
export function isHeadless({ spec }: Service): boolean {
  return spec?.clusterIP === "None" || spec?.clusterIPs?.[0] === "None";
}

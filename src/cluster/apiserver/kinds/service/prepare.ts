import type { Service } from "../../../../kubernetes/types.ts";
import { keepStatus, setStatus } from "../define.ts";
import { same } from "../validation/errors.ts";
import { isExternallyAccessible, needsClusterIP, needsHealthCheckNodePort, needsNodePort } from "./type.ts";

type Spec = NonNullable<Service["spec"]>;

export function prepareServiceForCreate(service: Service): void {
  setStatus(service, { loadBalancer: {} });
  const spec = service.spec!;
  if (spec.clusterIP && (spec.clusterIPs ?? []).length === 0) spec.clusterIPs = [spec.clusterIP];
}

/** Carries over what was allocated and the client left out, and drops what belonged to the old type. */
export function prepareServiceForUpdate(service: Service, old: Service): void {
  keepStatus(service, old);
  if (old.spec === undefined) return;
  carryOverAllocations(service, old, old.spec);
  followClusterIP(service.spec!, old.spec);
  dropFieldsOfOldType(service, old, old.spec);
}

function carryOverAllocations(service: Service, old: Service, oldSpec: Spec): void {
  const spec = service.spec!;
  if (needsClusterIP(service) && needsClusterIP(old)) {
    spec.clusterIP ||= oldSpec.clusterIP;
    if ((spec.clusterIPs ?? []).length === 0 && spec.clusterIP === oldSpec.clusterIP) {
      spec.clusterIPs = oldSpec.clusterIPs;
    }
  }
  if (needsNodePort(service) && needsNodePort(old)) carryOverNodePorts(spec, oldSpec);
  if (needsHealthCheckNodePort(service) && needsHealthCheckNodePort(old)) {
    spec.healthCheckNodePort ||= oldSpec.healthCheckNodePort;
  }
}

/** A port that keeps number and protocol keeps its node port, unless another port of the Service now asks for that. */
function carryOverNodePorts(spec: Spec, oldSpec: Spec): void {
  const key = (protocol: string | undefined, port: number) => `${protocol} ${port}`;
  const taken = new Set((spec.ports ?? []).map(({ protocol, nodePort }) => key(protocol, nodePort ?? 0)));
  const previous = new Map((oldSpec.ports ?? []).map((port) => [key(port.protocol, port.port), port.nodePort]));
  for (const port of spec.ports ?? []) {
    const nodePort = previous.get(key(port.protocol, port.port));
    if (port.nodePort || !nodePort || taken.has(key(port.protocol, nodePort))) continue;
    port.nodePort = nodePort;
    taken.add(key(port.protocol, nodePort));
  }
}

/** Clients that know only clusterIP change both: clusterIPs follows it when just one was changed. */
function followClusterIP(spec: Spec, old: Spec): void {
  if (spec.clusterIP === old.clusterIP || !same(spec.clusterIPs, old.clusterIPs)) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

function dropFieldsOfOldType(service: Service, old: Service, oldSpec: Spec): void {
  const spec = service.spec!;
  const unchanged = (field: keyof Spec) => same(spec[field], oldSpec[field]);
  if (needsClusterIP(old) && !needsClusterIP(service)) {
    if (unchanged("clusterIP") && unchanged("clusterIPs")) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    for (const field of ["ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] as const) {
      if (unchanged(field)) delete spec[field];
    }
  }
  if (needsNodePort(old) && !needsNodePort(service) && same(nodePorts(spec), nodePorts(oldSpec))) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (needsHealthCheckNodePort(old) && !needsHealthCheckNodePort(service) && unchanged("healthCheckNodePort")) {
    delete spec.healthCheckNodePort;
  }
  if (oldSpec.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    for (const field of ["allocateLoadBalancerNodePorts", "loadBalancerClass"] as const) {
      if (unchanged(field)) delete spec[field];
    }
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(service) && unchanged("externalTrafficPolicy")) {
    delete spec.externalTrafficPolicy;
  }
}

function nodePorts({ ports }: Spec): number[] {
  return (ports ?? []).map(({ nodePort }) => nodePort ?? 0);
}

import { isIP } from "node:net";
import type { Service } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { forbidden, invalid, required } from "../validation/errors.ts";
import { validateIP, validateOneOf, validateSubdomain } from "../validation/fields.ts";
import { needsClusterIP, needsHealthCheckNodePort } from "./type.ts";

/** What was given to a Service stays, as clients and rules have been built on it. */
export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const spec = service.spec ?? {};
  const oldSpec = old.spec ?? {};
  const errors: FieldError[] = [];
  const primary = oldSpec.clusterIPs?.[0];
  if (needsClusterIP(old) && needsClusterIP(service) && primary) {
    const addresses = spec.clusterIPs ?? [];
    if (addresses.length === 0) {
      errors.push(invalid("spec.clusterIPs[0]", addresses, "primary clusterIP can not be unset"));
    } else if (addresses[0] !== primary) {
      errors.push(invalid("spec.clusterIPs[0]", addresses, "may not change once set"));
    }
    const family = oldSpec.ipFamilies?.[0];
    if (family !== undefined && spec.ipFamilies?.[0] !== family) {
      errors.push(invalid("spec.ipFamilies[0]", spec.ipFamilies ?? [], "may not change once set"));
    }
  }
  if (oldSpec.type === "LoadBalancer" && spec.type === "LoadBalancer") {
    if (oldSpec.loadBalancerClass !== spec.loadBalancerClass) {
      errors.push(invalid("spec.loadBalancerClass", spec.loadBalancerClass, "may not change once set"));
    }
  }
  if (needsHealthCheckNodePort(old) && needsHealthCheckNodePort(service)) {
    if ((oldSpec.healthCheckNodePort ?? 0) !== (spec.healthCheckNodePort ?? 0)) {
      errors.push(forbidden("spec.healthCheckNodePort", "field is immutable"));
    }
  }
  return errors;
}

/** Addresses that a load balancer reports. */
export function validateServiceStatusUpdate({ spec, status }: Service): FieldError[] {
  const field = "status.loadBalancer.ingress";
  const ingress = status?.loadBalancer?.ingress ?? [];
  if (ingress.length > 0 && spec?.type !== "LoadBalancer") {
    return [forbidden(field, 'may only be used when `spec.type` is "LoadBalancer"')];
  }
  return ingress.flatMap(({ ip, hostname, ipMode }, index) => {
    const errors: FieldError[] = [];
    const path = `${field}[${index}]`;
    if (ip) errors.push(...validateIP(`${path}.ip`, ip));
    if (ip && ipMode === undefined) errors.push(required(`${path}.ipMode`, "must be specified when `ip` is set"));
    if (!ip && ipMode !== undefined) {
      errors.push(forbidden(`${path}.ipMode`, "may not be specified when `ip` is not set"));
    }
    if (ip && ipMode !== undefined) errors.push(...validateOneOf(`${path}.ipMode`, ipMode, ["Proxy", "VIP"]));
    if (hostname) {
      errors.push(...validateSubdomain(`${path}.hostname`, hostname));
      if (isIP(hostname) !== 0) {
        errors.push(invalid(`${path}.hostname`, hostname, "must be a DNS name, not an IP address"));
      }
    }
    return errors;
  });
}

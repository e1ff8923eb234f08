import { isIP } from "node:net";
import type { Service } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { forbidden, invalid, required } from "../validation/errors.ts";
import { validateIP, validateOneOf, validateSubdomain } from "../validation/fields.ts";
import { isHeadless, needsClusterIP, needsHealthCheckNodePort } from "./type.ts";

/** What was given to a Service stays, as clients and rules have been built on it. */
export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const spec = service.spec ?? {};
  const oldSpec = old.spec ?? {};
  const errors = validateFamilies(service, old);
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

/** The first address and the first family stay; the second ones may come, and go with the policy SingleStack. */
function validateFamilies(service: Service, old: Service): FieldError[] {
  if (!needsClusterIP(old) || !needsClusterIP(service)) return [];
  if (isHeadless(old) && isHeadless(service)) return [];
  const errors = unchanged("spec.clusterIPs", "clusterIP", service.spec?.clusterIPs, old.spec?.clusterIPs);
  // To and from headless the addresses say it.
  if (isHeadless(old) || isHeadless(service)) return errors;
  return [...errors, ...unchanged("spec.ipFamilies", "ipFamily", service.spec?.ipFamilies, old.spec?.ipFamilies)];
}

/** What both lists have in place must be the same; the first value may not be taken away. */
function unchanged(field: string, what: string, now: string[] = [], before: string[] = []): FieldError[] {
  if (before.length > 0 && now.length === 0) {
    return [invalid(`${field}[0]`, now, `primary ${what} can not be unset`)];
  }
  return now.flatMap((value, index) => {
    const previous = before[index];
    return previous === undefined || previous === value
      ? []
      : [invalid(`${field}[${index}]`, now, "may not change once set")];
  });
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

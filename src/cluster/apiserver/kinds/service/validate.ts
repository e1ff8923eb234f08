import { ipFamilies, ipFamilyOf } from "../../../../kubernetes/ip-family.ts";
import { qualifiedNameErrors } from "../../../../kubernetes/labels.ts";
import type { Service, ServicePort } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { duplicate, forbidden, invalid, required } from "../validation/errors.ts";
import {
  protocols,
  validateCIDR,
  validateEndpointIP,
  validateIP,
  validateLabelName,
  validateOneOf,
  validatePortNumber,
  validatePortNumberOrName,
  validateSubdomain,
} from "../validation/fields.ts";
import { validateLabels } from "../validation/labels.ts";
import { isExternallyAccessible, isHeadless, needsClusterIP, needsHealthCheckNodePort } from "./type.ts";

type Spec = NonNullable<Service["spec"]>;

const serviceTypes = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const familyPolicies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const trafficPolicies = ["Cluster", "Local"];
/** The port where a node agent serves logs and exec. */
const kubeletPort = 10250;
const maxAffinitySeconds = 86_400;

export function validateService(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  return [
    ...validateType(service, spec),
    ...validatePorts(spec),
    ...validateLabels("spec.selector", spec.selector),
    ...validateAffinity(spec),
    ...validateClusterIPs(service),
    ...validateExternalIPs(spec),
    ...validateServiceType(spec),
    ...validateNodePorts(spec),
    ...validateLoadBalancerFields(spec),
    ...validateTrafficPolicies(service, spec),
  ];
}

function validateType(service: Service, spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  if ((spec.ports ?? []).length === 0 && !isHeadless(service) && spec.type !== "ExternalName") {
    errors.push(required("spec.ports"));
  }
  if (spec.type === "LoadBalancer") {
    for (const [index, { port }] of (spec.ports ?? []).entries()) {
      if (port !== kubeletPort) continue;
      const problem = `may not expose port ${kubeletPort} externally since it is used by kubelet`;
      errors.push(invalid(`spec.ports[${index}]`, port, problem));
    }
  }
  if ((spec.type === "LoadBalancer" || spec.type === "NodePort") && isHeadless(service)) {
    errors.push(invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${spec.type} services`));
  }
  if (spec.type === "ExternalName") errors.push(...validateExternalName(spec));
  return errors;
}

function validateExternalName(spec: Spec): FieldError[] {
  const problem = "may not be set for ExternalName services";
  const errors: FieldError[] = [];
  if ((spec.clusterIPs ?? []).length > 0 || spec.clusterIP) errors.push(forbidden("spec.clusterIPs", problem));
  if ((spec.ipFamilies ?? []).length > 0) errors.push(forbidden("spec.ipFamilies", problem));
  if (spec.ipFamilyPolicy) errors.push(forbidden("spec.ipFamilyPolicy", problem));
  const name = (spec.externalName ?? "").replace(/\.$/, "");
  if (name === "") errors.push(required("spec.externalName"));
  else errors.push(...validateSubdomain("spec.externalName", name));
  return errors;
}

function validatePorts(spec: Spec): FieldError[] {
  const ports = spec.ports ?? [];
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, port] of ports.entries()) {
    errors.push(...validatePort(`spec.ports[${index}]`, port, ports.length > 1, names));
  }
  const seen = new Set<string>();
  for (const [index, { port, protocol }] of ports.entries()) {
    const key = `${protocol} ${port}`;
    if (seen.has(key)) errors.push(duplicate(`spec.ports[${index}]`, { port, protocol }));
    seen.add(key);
  }
  return errors;
}

function validatePort(path: string, port: ServicePort, nameNeeded: boolean, names: Set<string>): FieldError[] {
  const errors: FieldError[] = [];
  const name = port.name ?? "";
  if (name !== "") {
    errors.push(...validateLabelName(`${path}.name`, name));
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
  } else if (nameNeeded) {
    errors.push(required(`${path}.name`));
  }
  errors.push(...validatePortNumber(`${path}.port`, port.port ?? 0));
  errors.push(...validateOneOf(`${path}.protocol`, port.protocol ?? "", protocols));
  errors.push(...validatePortNumberOrName(`${path}.targetPort`, port.targetPort ?? 0));
  if (port.appProtocol !== undefined) {
    const field = `${path}.appProtocol`;
    errors.push(...qualifiedNameErrors(port.appProtocol).map((problem) => invalid(field, port.appProtocol, problem)));
  }
  return errors;
}

function validateAffinity({ sessionAffinity, sessionAffinityConfig: config }: Spec): FieldError[] {
  const field = "spec.sessionAffinityConfig";
  const errors = validateOneOf("spec.sessionAffinity", sessionAffinity ?? "", ["ClientIP", "None"]);
  if (sessionAffinity === "None" && config !== undefined) {
    errors.push(forbidden(field, "must not be set when session affinity is None"));
  }
  if (sessionAffinity !== "ClientIP") return errors;
  const seconds = config?.clientIP?.timeoutSeconds;
  const path = `${field}.clientIP.timeoutSeconds`;
  if (seconds === undefined) errors.push(required(path, "when session affinity type is ClientIP"));
  else if (seconds <= 0 || seconds > maxAffinitySeconds) {
    errors.push(invalid(path, seconds, `must be greater than 0 and less than ${maxAffinitySeconds}`));
  }
  return errors;
}

/** ipFamilyPolicy, ipFamilies and clusterIPs by themselves and against each other. */
export function validateClusterIPs(service: Service): FieldError[] {
  if (!needsClusterIP(service)) return [];
  const { clusterIP = "", clusterIPs = [], ipFamilies: families = [], ipFamilyPolicy } = service.spec ?? {};
  const errors: FieldError[] = [];
  if (clusterIP === "" && clusterIPs.length > 0) {
    errors.push(invalid("spec.clusterIPs", clusterIPs, "must be empty when `clusterIP` is not specified"));
  } else if (clusterIP !== "" && clusterIPs.length === 0) {
    errors.push(required("spec.clusterIPs"));
  } else if (clusterIP !== (clusterIPs[0] ?? "")) {
    errors.push(invalid("spec.clusterIPs", clusterIPs, "first value must match `clusterIP`"));
  }
  for (const [index, family] of families.entries()) {
    const field = `spec.ipFamilies[${index}]`;
    errors.push(...validateOneOf(field, family, ipFamilies));
    if (families.indexOf(family) < index) errors.push(duplicate(field, family));
  }
  if (ipFamilyPolicy) errors.push(...validateOneOf("spec.ipFamilyPolicy", ipFamilyPolicy, familyPolicies));
  return [...errors, ...validateAddresses(clusterIPs, isHeadless(service) ? [] : families)];
}

function validateAddresses(addresses: readonly string[], families: readonly string[]): FieldError[] {
  const field = "spec.clusterIPs";
  const errors: FieldError[] = [];
  for (const [index, address] of addresses.entries()) {
    if (index > 0 || address !== "None") errors.push(...validateIP(`${field}[${index}]`, address));
    else if (addresses.length > 1) errors.push(invalid(field, addresses, "'None' must be the first and only value"));
  }
  const malformed = errors.length > 0;
  if (addresses.length > 2) errors.push(invalid(field, addresses, "may only hold up to 2 values"));
  // What follows from an address that is none would only mislead.
  if (malformed) return errors;
  if (addresses.length > 1 && new Set(addresses.map(ipFamilyOf)).size < 2) {
    errors.push(invalid(field, addresses, "may specify no more than one IP for each IP family"));
  }
  for (const [index, address] of addresses.entries()) {
    const family = families[index];
    if (family === undefined || family === ipFamilyOf(address)) continue;
    const problem = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``;
    errors.push(invalid(`${field}[${index}]`, address, problem));
  }
  return errors;
}

function validateExternalIPs({ externalIPs = [] }: Spec): FieldError[] {
  return externalIPs.flatMap((address, index) => validateEndpointIP(`spec.externalIPs[${index}]`, address));
}

function validateServiceType({ type }: Spec): FieldError[] {
  return type ? validateOneOf("spec.type", type, serviceTypes) : [required("spec.type")];
}

function validateNodePorts({ type, ports = [] }: Spec): FieldError[] {
  const seen = new Set<string>();
  return ports.flatMap(({ nodePort, protocol }, index) => {
    if (!nodePort) return [];
    const field = `spec.ports[${index}].nodePort`;
    if (type === "ClusterIP") return [forbidden(field, "may not be used when `type` is 'ClusterIP'")];
    const key = `${protocol} ${nodePort}`;
    if (seen.has(key)) return [duplicate(field, nodePort)];
    seen.add(key);
    return [];
  });
}

function validateLoadBalancerFields(spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.type !== "LoadBalancer") {
    const problem = "may only be used when `type` is 'LoadBalancer'";
    if (spec.allocateLoadBalancerNodePorts !== undefined) {
      errors.push(forbidden("spec.allocateLoadBalancerNodePorts", problem));
    }
    if ((spec.loadBalancerSourceRanges ?? []).length > 0) {
      errors.push(forbidden("spec.loadBalancerSourceRanges", problem));
    }
    if (spec.loadBalancerClass !== undefined) errors.push(forbidden("spec.loadBalancerClass", problem));
    return errors;
  }
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries()) {
    errors.push(...validateCIDR(`spec.loadBalancerSourceRanges[${index}]`, range.trim()));
  }
  const balancerClass = spec.loadBalancerClass;
  if (balancerClass !== undefined) {
    const field = "spec.loadBalancerClass";
    errors.push(...qualifiedNameErrors(balancerClass).map((problem) => invalid(field, balancerClass, problem)));
  }
  return errors;
}

function validateTrafficPolicies(service: Service, spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  const { externalTrafficPolicy: external, internalTrafficPolicy: internal, healthCheckNodePort: healthCheck } = spec;
  if (!isExternallyAccessible(service)) {
    const problem = "may only be set for externally-accessible services";
    if (external) errors.push(invalid("spec.externalTrafficPolicy", external, problem));
  } else if (!external) {
    errors.push(required("spec.externalTrafficPolicy"));
  } else {
    errors.push(...validateOneOf("spec.externalTrafficPolicy", external, trafficPolicies));
  }
  if (healthCheck) {
    const problem = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    if (!needsHealthCheckNodePort(service)) errors.push(invalid("spec.healthCheckNodePort", healthCheck, problem));
    else errors.push(...validatePortNumber("spec.healthCheckNodePort", healthCheck));
  }
  if (internal !== undefined) errors.push(...validateOneOf("spec.internalTrafficPolicy", internal, trafficPolicies));
  if (spec.trafficDistribution !== undefined) {
    const values = ["PreferClose", "PreferSameNode", "PreferSameZone"];
    errors.push(...validateOneOf("spec.trafficDistribution", spec.trafficDistribution, values));
  }
  return errors;
}

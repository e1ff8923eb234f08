import { isIP } from "node:net";
import { ingresses } from "../../../kubernetes/resource.ts";
import type { Ingress } from "../../../kubernetes/types.ts";
import { defineKind, dropStatus, keepStatus } from "./define.ts";
import type { FieldError } from "./descriptor.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { limitedCell } from "./table/cells.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";
import { invalid, required } from "./validation/errors.ts";
import { validateIP, validateOneOf, validatePortNumber, validateSubdomain } from "./validation/fields.ts";
import { dnsLabel1035, portName, wildcardSubdomain } from "./validation/names.ts";

export const ingress = defineKind<Ingress>({
  resource: ingresses,
  singular: "ingress",
  shortNames: ["ing"],
  categories: [],
  schema: typeNamed("networking.Ingress"),
  nameFormat: "subdomain",
  prepareForCreate: dropStatus,
  prepareForUpdate: keepStatus,
  validate: validateIngress,
  validateStatusUpdate: ({ status }) =>
    (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, index) => {
      const field = `status.loadBalancer.ingress[${index}]`;
      const errors = ip ? validateIP(`${field}.ip`, ip) : [];
      return hostname ? [...errors, ...validateHost(`${field}.hostname`, hostname)] : errors;
    }),
  specOf: ({ spec }) => spec,
  hasStatus: true,
  columns: [nameColumn, text("Class"), text("Hosts"), text("Address"), text("Ports"), ageColumn],
  row: ({ metadata, spec, status }, now) => [
    metadata?.name ?? "",
    spec?.ingressClassName ?? "<none>",
    limitedCell(
      (spec?.rules ?? []).flatMap(({ host }) => (host ? [host] : [])),
      3,
      "*",
    ),
    (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "").join(","),
    (spec?.tls ?? []).length > 0 ? "80, 443" : "80",
    age(metadata?.creationTimestamp, now),
  ],
});

type Spec = NonNullable<Ingress["spec"]>;
type Path = NonNullable<NonNullable<Spec["rules"]>[number]["http"]>["paths"][number];
type Backend = NonNullable<Spec["defaultBackend"]>;

const classAnnotation = "kubernetes.io/ingress.class";

function validateIngress({ metadata, spec = {} }: Ingress): FieldError[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  const errors: FieldError[] = [];
  const annotation = metadata?.annotations?.[classAnnotation];
  if (annotation !== undefined && ingressClassName !== undefined && annotation !== ingressClassName) {
    const problem = "must match `ingressClassName` when both are specified";
    errors.push(invalid(`annotations.${classAnnotation}`, annotation, problem));
  }
  if (rules.length === 0 && defaultBackend === undefined) {
    errors.push(invalid("spec", rules, "either `defaultBackend` or `rules` must be specified"));
  }
  if (defaultBackend !== undefined) errors.push(...validateBackend("spec.defaultBackend", defaultBackend));
  for (const [index, { host, http }] of rules.entries()) {
    const field = `spec.rules[${index}]`;
    if (host) errors.push(...validateHost(`${field}.host`, host));
    if (http === undefined) continue;
    const paths = http.paths ?? [];
    if (paths.length === 0) errors.push(required(`${field}.http.paths`));
    errors.push(...paths.flatMap((path, position) => validatePath(`${field}.http.paths[${position}]`, path)));
  }
  for (const [index, { hosts = [], secretName }] of tls.entries()) {
    const field = `spec.tls[${index}]`;
    for (const [position, host] of hosts.entries()) errors.push(...validateHost(`${field}.hosts[${position}]`, host));
    if (secretName) errors.push(...validateSubdomain(`${field}.secretName`, secretName));
  }
  if (ingressClassName !== undefined) errors.push(...validateSubdomain("spec.ingressClassName", ingressClassName));
  return errors;
}

function validateHost(field: string, host: string): FieldError[] {
  if (isIP(host) !== 0) return [invalid(field, host, "must be a DNS name, not an IP address")];
  if (host.includes("*")) return wildcardSubdomain(host).map((problem) => invalid(field, host, problem));
  return validateSubdomain(field, host);
}

const pathTypes = ["Exact", "ImplementationSpecific", "Prefix"];
/** What makes a path mean another path to some proxies. */
const badSequences = ["//", "/./", "/../", "%2f", "%2F"];
const badSuffixes = ["/..", "/."];

function validatePath(field: string, { path = "", pathType, backend }: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (!pathType) errors.push(required(`${field}.pathType`, "pathType must be specified"));
  else errors.push(...validateOneOf(`${field}.pathType`, pathType, pathTypes));
  const mayBeEmpty = pathType === "ImplementationSpecific";
  if (!path.startsWith("/") && !(mayBeEmpty && path === "")) {
    if (pathTypes.includes(pathType)) errors.push(invalid(`${field}.path`, path, "must be an absolute path"));
  }
  if (pathType === "Exact" || pathType === "Prefix") {
    for (const sequence of badSequences) {
      if (path.includes(sequence)) errors.push(invalid(`${field}.path`, path, `must not contain '${sequence}'`));
    }
    for (const suffix of badSuffixes) {
      if (path.endsWith(suffix)) errors.push(invalid(`${field}.path`, path, `cannot end with '${suffix}'`));
    }
  }
  errors.push(...validateBackend(`${field}.backend`, backend ?? {}));
  return errors;
}

function validateBackend(field: string, { service, resource }: Backend): FieldError[] {
  if (service !== undefined && resource !== undefined) {
    return [invalid(field, "", "cannot set both resource and service backends")];
  }
  if (resource !== undefined) {
    const { kind, name } = resource;
    return [
      ...(kind ? [] : [required(`${field}.resource.kind`)]),
      ...(name ? [] : [required(`${field}.resource.name`)]),
    ];
  }
  if (service === undefined) return [required(field, "resource or service backend is required")];
  const path = `${field}.service`;
  const errors = service.name
    ? dnsLabel1035(service.name).map((problem) => invalid(`${path}.name`, service.name, problem))
    : [required(`${path}.name`)];
  const { name, number } = service.port ?? {};
  if (name && number) errors.push(invalid(path, "", "cannot set both port name & port number"));
  else if (name) errors.push(...portName(name).map((problem) => invalid(`${path}.port.name`, name, problem)));
  else if (number) errors.push(...validatePortNumber(`${path}.port.number`, number));
  else errors.push(required(path, "port name or number is required"));
  return errors;
}

import { labelValueErrors, qualifiedNameErrors } from "../../../kubernetes/labels.ts";
import { parseQuantity } from "../../../kubernetes/quantity.ts";
import { nodes } from "../../../kubernetes/resource.ts";
import type { Node } from "../../../kubernetes/types.ts";
import { defineKind, keepStatus } from "./define.ts";
import type { FieldError } from "./descriptor.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, nameColumn, text, wide } from "./table/columns.ts";
import { duplicate, forbidden, invalid, required, same } from "./validation/errors.ts";
import { validateCIDR, validateOneOf } from "./validation/fields.ts";

export const node = defineKind<Node>({
  resource: nodes,
  singular: "node",
  shortNames: ["no"],
  categories: [],
  schema: typeNamed("core.Node"),
  nameFormat: "subdomain",
  setDefaults({ spec }) {
    // The singular form is the first of the plural.
    if (spec?.podCIDR && (spec.podCIDRs ?? []).length === 0) spec.podCIDRs = [spec.podCIDR];
    else if (spec?.podCIDRs?.[0]) spec.podCIDR ||= spec.podCIDRs[0];
  },
  prepareForUpdate: keepStatus,
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  validateStatusUpdate: validateNodeStatus,
  hasStatus: true,
  selectableFields: { "spec.unschedulable": ({ spec }) => String(spec?.unschedulable ?? false) },
  columns: [
    nameColumn,
    text("Status"),
    text("Roles"),
    ageColumn,
    text("Version"),
    wide("Internal-IP"),
    wide("External-IP"),
    wide("OS-Image"),
    wide("Kernel-Version"),
    wide("Container-Runtime"),
  ],
  row(object, now) {
    const { metadata, status } = object;
    const info = status?.nodeInfo;
    const address = (type: string) => status?.addresses?.find((entry) => entry.type === type)?.address ?? "<none>";
    return [
      metadata?.name ?? "",
      statusCell(object),
      rolesCell(metadata?.labels ?? {}),
      age(metadata?.creationTimestamp, now),
      info?.kubeletVersion ?? "",
      address("InternalIP"),
      address("ExternalIP"),
      info?.osImage || "<unknown>",
      info?.kernelVersion || "<unknown>",
      info?.containerRuntimeVersion || "<unknown>",
    ];
  },
});

function statusCell({ spec, status }: Node): string {
  const ready = status?.conditions?.find((condition) => condition.type === "Ready");
  const word = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return spec?.unschedulable ? `${word},SchedulingDisabled` : word;
}

/** Roles from labels "node-role.kubernetes.io/ROLE" and "kubernetes.io/role: ROLE". */
function rolesCell(labels: Record<string, string>): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(labels)) {
    if (key.startsWith(prefix) && key.length > prefix.length) roles.add(key.slice(prefix.length));
    else if (key === "kubernetes.io/role" && value !== "") roles.add(value);
  }
  return roles.size === 0 ? "<none>" : [...roles].sort().join(",");
}

function validateNode({ spec }: Node): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, { key, value, effect }] of (spec?.taints ?? []).entries()) {
    const field = `spec.taints[${index}]`;
    errors.push(...qualifiedNameErrors(key ?? "").map((problem) => invalid(`${field}.key`, key ?? "", problem)));
    errors.push(...labelValueErrors(value ?? "").map((problem) => invalid(`${field}.value`, value, problem)));
    if (!effect) errors.push(required(`${field}.effect`));
    else errors.push(...validateOneOf(`${field}.effect`, effect, ["NoExecute", "NoSchedule", "PreferNoSchedule"]));
    if (seen.has(`${effect} ${key}`)) {
      errors.push(duplicate(field, { key, value, effect }));
    }
    seen.add(`${effect} ${key}`);
  }
  const ranges = spec?.podCIDRs ?? [];
  for (const [index, range] of ranges.entries()) errors.push(...validateCIDR(`spec.podCIDRs[${index}]`, range));
  if (ranges.length > 0 && spec?.podCIDR && spec.podCIDR !== ranges[0]) {
    errors.push(invalid("spec.podCIDRs[0]", ranges, "first value must match `podCIDR`"));
  }
  return errors;
}

/** A node's place in the Pod network is given once for each family. Kubernetes wants a new Node object for the second one. */
function validateNodeUpdate({ spec }: Node, old: Node): FieldError[] {
  const errors: FieldError[] = [];
  const before = old.spec?.podCIDRs ?? (old.spec?.podCIDR ? [old.spec.podCIDR] : []);
  const now = spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);
  if (before.length > 0 && !same(now.slice(0, before.length), before)) {
    errors.push(forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'));
  }
  if (old.spec?.providerID && old.spec.providerID !== spec?.providerID) {
    errors.push(forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid'));
  }
  return errors;
}

function validateNodeStatus({ status }: Node): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, address] of (status?.addresses ?? []).entries()) {
    const key = `${address.type} ${address.address}`;
    if (seen.has(key)) errors.push(duplicate(`status.addresses[${index}]`, address));
    seen.add(key);
  }
  for (const list of ["capacity", "allocatable"] as const) {
    for (const [name, quantity] of Object.entries(status?.[list] ?? {})) {
      if ((parseQuantity(quantity) ?? 0) >= 0) continue;
      errors.push(invalid(`status.${list}.${name}`, quantity, "must be greater than or equal to 0"));
    }
  }
  return errors;
}

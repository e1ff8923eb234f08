import { nodes } from "../../../kubernetes/resource.ts";
import type { Node } from "../../../kubernetes/types.ts";
import { defineKind, keepStatus } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, nameColumn, text, wide } from "./table/columns.ts";

export const node = defineKind<Node>({
  resource: nodes,
  singular: "node",
  shortNames: ["no"],
  categories: [],
  schema: typeNamed("core.Node"),
  nameFormat: "subdomain",
  prepareForUpdate: keepStatus,
  validate: () => [],
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

import { replicaSets } from "../../../kubernetes/resource.ts";
import type { ReplicaSet } from "../../../kubernetes/types.ts";
import { defineKind, dropStatus, keepStatus } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { selectorCell, workloadCells } from "./table/cells.ts";
import { ageColumn, integer, nameColumn, workloadColumns } from "./table/columns.ts";

export const replicaSet = defineKind<ReplicaSet>({
  resource: replicaSets,
  singular: "replicaset",
  shortNames: ["rs"],
  categories: ["all"],
  schema: typeNamed("apps.ReplicaSet"),
  nameFormat: "subdomain",
  prepareForCreate: dropStatus,
  prepareForUpdate: keepStatus,
  validate: () => [],
  specOf: ({ spec }) => spec,
  hasStatus: true,
  scale: {
    get: ({ spec, status }) => ({
      replicas: spec?.replicas ?? 1,
      statusReplicas: status?.replicas ?? 0,
      selector: selectorCell(spec?.selector),
    }),
    set(object, replicas) {
      object.spec!.replicas = replicas;
    },
  },
  selectableFields: { "status.replicas": ({ status }) => String(status?.replicas ?? 0) },
  columns: [nameColumn, integer("Desired"), integer("Current"), integer("Ready"), ageColumn, ...workloadColumns],
  row: ({ metadata, spec, status }, now) => [
    metadata?.name ?? "",
    spec?.replicas ?? 1,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    age(metadata?.creationTimestamp, now),
    ...workloadCells(spec?.template, spec?.selector),
  ],
});

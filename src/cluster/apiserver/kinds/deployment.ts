import { deployments } from "../../../kubernetes/resource.ts";
import type { Deployment } from "../../../kubernetes/types.ts";
import { defineKind, dropStatus, keepStatus } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { selectorCell, workloadCells } from "./table/cells.ts";
import { ageColumn, nameColumn, text, workloadColumns } from "./table/columns.ts";

export const deployment = defineKind<Deployment>({
  resource: deployments,
  singular: "deployment",
  shortNames: ["deploy"],
  categories: ["all"],
  schema: typeNamed("apps.Deployment"),
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
  columns: [nameColumn, text("Ready"), text("Up-to-date"), text("Available"), ageColumn, ...workloadColumns],
  row: ({ metadata, spec, status }, now) => [
    metadata?.name ?? "",
    `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`,
    status?.updatedReplicas ?? 0,
    status?.availableReplicas ?? 0,
    age(metadata?.creationTimestamp, now),
    ...workloadCells(spec?.template, spec?.selector),
  ],
});

import { daemonSets } from "../../../kubernetes/resource.ts";
import type { DaemonSet } from "../../../kubernetes/types.ts";
import { defineKind, dropStatus, keepStatus } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { labelsCell, workloadCells } from "./table/cells.ts";
import { ageColumn, integer, nameColumn, text, workloadColumns } from "./table/columns.ts";

export const daemonSet = defineKind<DaemonSet>({
  resource: daemonSets,
  singular: "daemonset",
  shortNames: ["ds"],
  categories: ["all"],
  schema: typeNamed("apps.DaemonSet"),
  nameFormat: "subdomain",
  prepareForCreate: dropStatus,
  prepareForUpdate: keepStatus,
  validate: () => [],
  specOf: ({ spec }) => spec,
  hasStatus: true,
  columns: [
    nameColumn,
    integer("Desired"),
    integer("Current"),
    integer("Ready"),
    integer("Up-to-date"),
    integer("Available"),
    text("Node Selector"),
    ageColumn,
    ...workloadColumns,
  ],
  row: ({ metadata, spec, status }, now) => [
    metadata?.name ?? "",
    status?.desiredNumberScheduled ?? 0,
    status?.currentNumberScheduled ?? 0,
    status?.numberReady ?? 0,
    status?.updatedNumberScheduled ?? 0,
    status?.numberAvailable ?? 0,
    labelsCell(spec?.template?.spec?.nodeSelector),
    age(metadata?.creationTimestamp, now),
    ...workloadCells(spec?.template, spec?.selector),
  ],
});

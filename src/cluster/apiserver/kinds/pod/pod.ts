import { pods } from "../../../../kubernetes/resource.ts";
import type { Pod } from "../../../../kubernetes/types.ts";
import { defineKind, keepStatus, setStatus } from "../define.ts";
import { typeNamed } from "../schema/definitions.ts";
import { podColumns, podRow } from "./row.ts";

export const pod = defineKind<Pod>({
  resource: pods,
  singular: "pod",
  shortNames: ["po"],
  categories: ["all"],
  schema: typeNamed("core.Pod"),
  nameFormat: "subdomain",
  prepareForCreate(object) {
    setStatus(object, { phase: "Pending" });
  },
  prepareForUpdate: keepStatus,
  validate: () => [],
  specOf: ({ spec }) => spec,
  hasStatus: true,
  selectableFields: {
    "spec.nodeName": ({ spec }) => spec?.nodeName ?? "",
    "spec.restartPolicy": ({ spec }) => spec?.restartPolicy ?? "",
    "spec.schedulerName": ({ spec }) => spec?.schedulerName ?? "",
    "spec.serviceAccountName": ({ spec }) => spec?.serviceAccountName ?? "",
    "spec.hostNetwork": ({ spec }) => String(spec?.hostNetwork ?? false),
    "status.phase": ({ status }) => status?.phase ?? "",
    "status.podIP": ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? "",
    "status.nominatedNodeName": ({ status }) => status?.nominatedNodeName ?? "",
  },
  columns: podColumns,
  row: podRow,
});

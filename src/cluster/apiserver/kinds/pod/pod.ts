import { pods } from "../../../../kubernetes/resource.ts";
import type { Pod } from "../../../../kubernetes/types.ts";
import { defineKind, keepStatus } from "../define.ts";
import { typeNamed } from "../schema/definitions.ts";
import { preparePodForCreate } from "./admission.ts";
import { setPodDefaults } from "./defaults.ts";
import { podColumns, podRow } from "./row.ts";
import { validatePod, validatePodStatusUpdate } from "./validate.ts";
import { validatePodUpdate } from "./validate-update.ts";

export const pod = defineKind<Pod>({
  resource: pods,
  singular: "pod",
  shortNames: ["po"],
  categories: ["all"],
  schema: typeNamed("core.Pod"),
  nameFormat: "subdomain",
  setDefaults: setPodDefaults,
  prepareForCreate: preparePodForCreate,
  prepareForUpdate: keepStatus,
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
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

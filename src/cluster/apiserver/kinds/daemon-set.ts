import { daemonSets } from "../../../kubernetes/resource.ts";
import type { DaemonSet } from "../../../kubernetes/types.ts";
import { defineKind, dropStatus, keepStatus } from "./define.ts";
import type { FieldError } from "./descriptor.ts";
import { setTemplateDefaults } from "./pod/defaults.ts";
import { validatePodTemplate } from "./pod/validate.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { labelsCell, workloadCells } from "./table/cells.ts";
import { ageColumn, integer, nameColumn, text, workloadColumns } from "./table/columns.ts";
import { immutable, invalid, required } from "./validation/errors.ts";
import { validateNonNegative, validateOneOf } from "./validation/fields.ts";
import { validateWorkloadSelector } from "./validation/labels.ts";
import { percentOf, validateCounts, validateIntOrPercent } from "./validation/rolling.ts";

export const daemonSet = defineKind<DaemonSet>({
  resource: daemonSets,
  singular: "daemonset",
  shortNames: ["ds"],
  categories: ["all"],
  schema: typeNamed("apps.DaemonSet"),
  nameFormat: "subdomain",
  prepareForCreate: dropStatus,
  prepareForUpdate: keepStatus,
  setDefaults(object) {
    object.spec ??= {} as Spec;
    const { spec } = object;
    spec.revisionHistoryLimit ??= 10;
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ||= "RollingUpdate";
    if (spec.updateStrategy.type === "RollingUpdate") {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
    }
    setTemplateDefaults(spec);
  },
  validate: ({ spec }) => [
    ...validateWorkloadSelector(spec?.selector, spec?.template?.metadata?.labels, "daemonset"),
    ...validatePodTemplate(spec?.template),
    ...validateNonNegative("spec.minReadySeconds", spec?.minReadySeconds),
    ...validateUpdateStrategy(spec?.updateStrategy ?? {}),
    ...validateNonNegative("spec.revisionHistoryLimit", spec?.revisionHistoryLimit),
  ],
  validateUpdate: ({ spec }, old) => immutable("spec.selector", spec?.selector, old.spec?.selector),
  validateStatusUpdate: ({ status }) =>
    validateCounts("status", status ?? {}, [
      "currentNumberScheduled",
      "numberMisscheduled",
      "desiredNumberScheduled",
      "numberReady",
      "observedGeneration",
      "updatedNumberScheduled",
      "numberAvailable",
      "numberUnavailable",
      "collisionCount",
    ]),
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

type Spec = NonNullable<DaemonSet["spec"]>;
type Strategy = NonNullable<Spec["updateStrategy"]>;

function validateUpdateStrategy({ type, rollingUpdate }: Strategy): FieldError[] {
  const field = "spec.updateStrategy";
  if (type !== "RollingUpdate") return validateOneOf(`${field}.type`, type ?? "", ["OnDelete", "RollingUpdate"]);
  if (rollingUpdate === undefined) return [required(`${field}.rollingUpdate`)];
  const path = `${field}.rollingUpdate`;
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  const errors = [
    ...validateIntOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...validateIntOrPercent(`${path}.maxSurge`, maxSurge),
  ];
  if (percentOf(maxUnavailable) !== 0 && percentOf(maxSurge) !== 0) {
    errors.push(invalid(`${path}.maxSurge`, maxSurge, "may not be set when maxUnavailable is non-zero"));
  } else if (percentOf(maxUnavailable) === 0 && percentOf(maxSurge) === 0) {
    errors.push(required(`${path}.maxUnavailable`, "cannot be 0 when maxSurge is 0"));
  }
  return errors;
}

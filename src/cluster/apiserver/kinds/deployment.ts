import { deployments } from "../../../kubernetes/resource.ts";
import type { Deployment } from "../../../kubernetes/types.ts";
import { defineKind, dropStatus, keepStatus } from "./define.ts";
import type { FieldError } from "./descriptor.ts";
import { setTemplateDefaults } from "./pod/defaults.ts";
import { validatePodTemplate } from "./pod/validate.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { selectorCell, workloadCells } from "./table/cells.ts";
import { ageColumn, nameColumn, text, workloadColumns } from "./table/columns.ts";
import { forbidden, immutable, invalid } from "./validation/errors.ts";
import { validateNonNegative, validateOneOf } from "./validation/fields.ts";
import { validateWorkloadSelector } from "./validation/labels.ts";
import { percentOf, validateCounts, validateIntOrPercent } from "./validation/rolling.ts";

export const deployment = defineKind<Deployment>({
  resource: deployments,
  singular: "deployment",
  shortNames: ["deploy"],
  categories: ["all"],
  schema: typeNamed("apps.Deployment"),
  nameFormat: "subdomain",
  prepareForCreate: dropStatus,
  prepareForUpdate: keepStatus,
  setDefaults(object) {
    object.spec ??= {} as Spec;
    const { spec } = object;
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    spec.strategy ??= {};
    spec.strategy.type ||= "RollingUpdate";
    if (spec.strategy.type === "RollingUpdate") {
      spec.strategy.rollingUpdate ??= {};
      spec.strategy.rollingUpdate.maxUnavailable ??= "25%";
      spec.strategy.rollingUpdate.maxSurge ??= "25%";
    }
    setTemplateDefaults(spec);
  },
  validate: validateDeployment,
  validateUpdate: ({ spec }, old) => immutable("spec.selector", spec?.selector, old.spec?.selector),
  validateStatusUpdate: ({ status }) =>
    validateCounts("status", status ?? {}, [
      "observedGeneration",
      "replicas",
      "updatedReplicas",
      "readyReplicas",
      "availableReplicas",
      "unavailableReplicas",
      "collisionCount",
    ]),
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

type Spec = NonNullable<Deployment["spec"]>;

function validateDeployment({ spec }: Deployment): FieldError[] {
  return [
    ...validateNonNegative("spec.replicas", spec?.replicas),
    ...validateWorkloadSelector(spec?.selector, spec?.template?.metadata?.labels, "deployment"),
    ...validatePodTemplate(spec?.template),
    ...validateStrategy(spec?.strategy ?? {}),
    ...validateNonNegative("spec.minReadySeconds", spec?.minReadySeconds),
    ...validateNonNegative("spec.revisionHistoryLimit", spec?.revisionHistoryLimit),
    ...validateProgressDeadline(spec?.progressDeadlineSeconds, spec?.minReadySeconds ?? 0),
  ];
}

function validateStrategy({ type, rollingUpdate }: NonNullable<Spec["strategy"]>): FieldError[] {
  const field = "spec.strategy";
  if (type === "Recreate") {
    const problem = "may not be specified when strategy `type` is 'Recreate'";
    return rollingUpdate === undefined ? [] : [forbidden(`${field}.rollingUpdate`, problem)];
  }
  if (type !== "RollingUpdate") return validateOneOf(`${field}.type`, type ?? "", ["Recreate", "RollingUpdate"]);
  const path = `${field}.rollingUpdate`;
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
  const errors = [
    ...validateIntOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...validateIntOrPercent(`${path}.maxSurge`, maxSurge),
  ];
  if (percentOf(maxUnavailable) === 0 && percentOf(maxSurge) === 0) {
    errors.push(invalid(`${path}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0"));
  }
  if (typeof maxUnavailable === "string" && percentOf(maxUnavailable) > 100) {
    errors.push(invalid(`${path}.maxUnavailable`, maxUnavailable, "must not be greater than 100%"));
  }
  return errors;
}

function validateProgressDeadline(seconds: number | undefined, minReadySeconds: number): FieldError[] {
  if (seconds === undefined) return [];
  const field = "spec.progressDeadlineSeconds";
  const errors = validateNonNegative(field, seconds);
  if (seconds <= minReadySeconds) errors.push(invalid(field, seconds, "must be greater than minReadySeconds"));
  return errors;
}

import { replicaSets } from "../../../kubernetes/resource.ts";
import type { ReplicaSet } from "../../../kubernetes/types.ts";
import { defineKind, dropStatus, keepStatus } from "./define.ts";
import type { FieldError } from "./descriptor.ts";
import { setTemplateDefaults } from "./pod/defaults.ts";
import { validatePodTemplate } from "./pod/validate.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { selectorCell, workloadCells } from "./table/cells.ts";
import { ageColumn, integer, nameColumn, workloadColumns } from "./table/columns.ts";
import { immutable, invalid } from "./validation/errors.ts";
import { validateNonNegative } from "./validation/fields.ts";
import { validateWorkloadSelector } from "./validation/labels.ts";
import { validateCounts } from "./validation/rolling.ts";

export const replicaSet = defineKind<ReplicaSet>({
  resource: replicaSets,
  singular: "replicaset",
  shortNames: ["rs"],
  categories: ["all"],
  schema: typeNamed("apps.ReplicaSet"),
  nameFormat: "subdomain",
  prepareForCreate: dropStatus,
  prepareForUpdate: keepStatus,
  setDefaults(object) {
    object.spec ??= {} as Spec;
    const { spec } = object;
    spec.replicas ??= 1;
    setTemplateDefaults(spec);
  },
  validate: ({ spec }) => [
    ...validateNonNegative("spec.replicas", spec?.replicas),
    ...validateNonNegative("spec.minReadySeconds", spec?.minReadySeconds),
    ...validateWorkloadSelector(spec?.selector, spec?.template?.metadata?.labels, "deployment"),
    ...validatePodTemplate(spec?.template),
  ],
  validateUpdate: ({ spec }, old) => immutable("spec.selector", spec?.selector, old.spec?.selector),
  validateStatusUpdate: ({ status }) => validateReplicaSetStatus(status),
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

type Spec = NonNullable<ReplicaSet["spec"]>;

function validateReplicaSetStatus(status: ReplicaSet["status"]): FieldError[] {
  const { replicas = 0, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status ?? {};
  const counts = ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"];
  const errors = validateCounts("status", status ?? {}, counts);
  const more = "cannot be greater than status.replicas";
  if (fullyLabeledReplicas > replicas) errors.push(invalid("status.fullyLabeledReplicas", fullyLabeledReplicas, more));
  if (readyReplicas > replicas) errors.push(invalid("status.readyReplicas", readyReplicas, more));
  if (availableReplicas > replicas) errors.push(invalid("status.availableReplicas", availableReplicas, more));
  if (availableReplicas > readyReplicas) {
    errors.push(invalid("status.availableReplicas", availableReplicas, "cannot be greater than readyReplicas"));
  }
  return errors;
}

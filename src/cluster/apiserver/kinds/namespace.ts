import { namespaces } from "../../../kubernetes/resource.ts";
import type { Namespace } from "../../../kubernetes/types.ts";
import { defineKind, keepStatus } from "./define.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { ageColumn, nameColumn, text } from "./table/columns.ts";
import { validateFinalizers } from "./validation/metadata.ts";

/** Removed by the namespace controller once everything inside is gone. */
const kubernetesFinalizer = "kubernetes";

export const namespace = defineKind<Namespace>({
  resource: namespaces,
  singular: "namespace",
  shortNames: ["ns"],
  categories: [],
  schema: typeNamed("core.Namespace"),
  nameFormat: "label",
  setDefaults(object) {
    // Lets every namespace be selected by its name (KEP-2161).
    object.metadata ??= {};
    const { name } = object.metadata;
    if (name) object.metadata.labels = { ...object.metadata.labels, "kubernetes.io/metadata.name": name };
  },
  prepareForCreate(object) {
    object.status = { phase: "Active" };
    const finalizers = object.spec?.finalizers ?? [];
    object.spec = {
      finalizers: finalizers.includes(kubernetesFinalizer) ? finalizers : [...finalizers, kubernetesFinalizer],
    };
  },
  prepareForUpdate(object, old) {
    // Finalizers of the spec change through /finalize only.
    object.spec = old.spec ?? {};
    keepStatus(object, old);
  },
  validate: ({ spec }) => validateFinalizers("spec.finalizers", spec?.finalizers ?? []),
  hasStatus: true,
  columns: [nameColumn, text("Status"), ageColumn],
  row: ({ metadata, status }, now) => [
    metadata?.name ?? "",
    status?.phase ?? "",
    age(metadata?.creationTimestamp, now),
  ],
  selectableFields: { "status.phase": ({ status }) => status?.phase ?? "" },
});

import { qualifiedNameErrors } from "../../../../kubernetes/labels.ts";
import type { ObjectMeta, OwnerReference } from "../../../../kubernetes/types.ts";
import type { FieldError, KindDescriptor } from "../descriptor.ts";
import { forbidden, invalid, required, tooLong } from "./errors.ts";
import { validateLabels } from "./labels.ts";
import { dnsLabel, dnsLabel1035, dnsSubdomain, pathSegment } from "./names.ts";

const maxAnnotationBytes = 256 * 1024;
const standardFinalizers = ["kubernetes", "orphan", "foregroundDeletion"];

/** What is wrong with a name of a kind, in Kubernetes' words. */
const nameProblems: Record<KindDescriptor["nameFormat"], (name: string) => string[]> = {
  subdomain: dnsSubdomain,
  label: dnsLabel,
  label1035: dnsLabel1035,
  path: pathSegment,
};

/** The metadata of any object, before a create or an update. Namespace and resourceVersion are the generic server's business. */
export function validateMetadata(
  metadata: ObjectMeta | undefined,
  nameFormat: KindDescriptor["nameFormat"],
): FieldError[] {
  const { name, generateName, generation, labels, annotations, finalizers, ownerReferences } = metadata ?? {};
  const problemsOf = nameProblems[nameFormat];
  const errors: FieldError[] = [];
  if (generateName) {
    const asName = generateName.replace(/(?<=.)-$/, "a");
    errors.push(...problemsOf(asName).map((problem) => invalid("metadata.generateName", generateName, problem)));
  }
  if (!name) errors.push(required("metadata.name", "name or generateName is required"));
  else errors.push(...problemsOf(name).map((problem) => invalid("metadata.name", name, problem)));
  if (generation !== undefined && generation < 0) {
    errors.push(invalid("metadata.generation", generation, "must be greater than or equal to 0"));
  }
  errors.push(
    ...validateLabels("metadata.labels", labels),
    ...validateAnnotations("metadata.annotations", annotations),
    ...validateOwnerReferences(ownerReferences ?? []),
    ...validateFinalizers("metadata.finalizers", finalizers ?? []),
  );
  return errors;
}

/** What an update may not change. `metadata` has been completed with what clients may leave out. */
export function validateMetadataUpdate(metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ["name", "namespace", "uid", "creationTimestamp"] as const) {
    if (metadata[field] !== old[field]) {
      errors.push(invalid(`metadata.${field}`, metadata[field], "field is immutable"));
    }
  }
  if (old.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer));
    if (added.length > 0) {
      const list = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
      errors.push(
        forbidden(
          "metadata.finalizers",
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
        ),
      );
    }
  }
  return errors;
}

export function validateAnnotations(field: string, annotations: Record<string, string> | undefined): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.push(...qualifiedNameErrors(key.toLowerCase()).map((problem) => invalid(field, key, problem)));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > maxAnnotationBytes) errors.push(tooLong(field, maxAnnotationBytes));
  return errors;
}

export function validateFinalizers(field: string, finalizers: string[]): FieldError[] {
  const errors = finalizers.flatMap((finalizer) => {
    const problems = qualifiedNameErrors(finalizer).map((problem) => invalid(field, finalizer, problem));
    if (!finalizer.includes("/") && !standardFinalizers.includes(finalizer)) {
      problems.push(invalid(field, finalizer, "name is neither a standard finalizer name nor is it fully qualified"));
    }
    return problems;
  });
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    errors.push(invalid(field, finalizers, "finalizer orphan and foregroundDeletion cannot be both set"));
  }
  return errors;
}

function validateOwnerReferences(references: OwnerReference[]): FieldError[] {
  const field = "metadata.ownerReferences";
  const errors = references.flatMap(({ apiVersion, kind, name, uid }) => [
    ...(apiVersion ? [] : [invalid(`${field}.apiVersion`, apiVersion ?? "", "version must not be empty")]),
    ...(kind ? [] : [invalid(`${field}.kind`, kind ?? "", "must not be empty")]),
    ...(name ? [] : [invalid(`${field}.name`, name ?? "", "must not be empty")]),
    ...(uid ? [] : [invalid(`${field}.uid`, uid ?? "", "must not be empty")]),
    ...(kind === "Event" && apiVersion === "v1"
      ? [
          invalid(
            field,
            { apiVersion, kind, name, uid },
            `${apiVersion}, Kind=${kind} is disallowed from being an owner`,
          ),
        ]
      : []),
  ]);
  const controllers = references.filter(({ controller }) => controller === true);
  if (controllers.length > 1) {
    const names = controllers.slice(0, 2).map(({ name }) => name);
    errors.push(
      invalid(
        field,
        references,
        `Only one reference can have Controller set to true. Found "true" in references for ${names.join(" and ")}`,
      ),
    );
  }
  return errors;
}

import type { Container, Pod, PodSpec, Toleration } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { forbidden, invalid, same } from "../validation/errors.ts";

const updatableFields =
  "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** A Pod's spec is fixed once it exists, but for images, a shorter deadline, more tolerations and fewer scheduling gates. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const spec = pod.spec ?? { containers: [] };
  const oldSpec = old.spec ?? { containers: [] };
  for (const field of ["containers", "initContainers"] as const) {
    if ((spec[field] ?? []).length !== (oldSpec[field] ?? []).length) {
      return [forbidden(`spec.${field}`, "pod updates may not add or remove containers")];
    }
  }
  const errors = [
    ...validateDeadline(spec.activeDeadlineSeconds, oldSpec.activeDeadlineSeconds),
    ...validateAddedTolerations(spec.tolerations ?? [], oldSpec.tolerations ?? []),
    ...validateGates(spec.schedulingGates ?? [], oldSpec.schedulingGates ?? []),
  ];
  const changed = changedFields(withUpdatableFieldsOf(oldSpec, spec), oldSpec);
  if (changed.length > 0) {
    const problem = `pod updates may not change fields other than ${updatableFields}\nchanged: ${changed.join(", ")}`;
    errors.push(forbidden("spec", problem));
  }
  return errors;
}

function validateDeadline(deadline: number | undefined, old: number | undefined): FieldError[] {
  const field = "spec.activeDeadlineSeconds";
  if (old === undefined) return [];
  if (deadline === undefined) {
    return [invalid(field, deadline, "must not update from a positive integer to nil value")];
  }
  return deadline > old ? [invalid(field, deadline, "must be less than or equal to previous value")] : [];
}

function validateAddedTolerations(tolerations: Toleration[], old: Toleration[]): FieldError[] {
  const timeless = ({ tolerationSeconds: _, ...rest }: Toleration) => rest;
  const kept = old.every((before) => tolerations.some((now) => same(timeless(now), timeless(before))));
  return kept
    ? []
    : [forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")];
}

function validateGates(gates: { name?: string }[], old: { name?: string }[]): FieldError[] {
  const added = gates.filter(({ name }) => !old.some((before) => before.name === name));
  return added.length === 0
    ? []
    : [
        forbidden(
          "spec.schedulingGates",
          `only deletion is allowed, but found new scheduling gate '${added[0]?.name ?? ""}'`,
        ),
      ];
}

/** The new spec with everything that may change set back to what it was. */
function withUpdatableFieldsOf(old: PodSpec, spec: PodSpec): PodSpec {
  const imagesOf = (containers: Container[] | undefined, before: Container[] | undefined) =>
    containers?.map((container, index) => ({ ...container, image: before?.[index]?.image }));
  const grace = old.terminationGracePeriodSeconds ?? 0;
  return {
    ...spec,
    containers: imagesOf(spec.containers, old.containers) ?? [],
    initContainers: imagesOf(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
    terminationGracePeriodSeconds:
      grace < 0 && spec.terminationGracePeriodSeconds === 1 ? grace : spec.terminationGracePeriodSeconds,
  };
}

function changedFields(spec: PodSpec, old: PodSpec): string[] {
  const names = new Set([...Object.keys(spec), ...Object.keys(old)]) as Set<keyof PodSpec>;
  return [...names].filter((name) => !same(spec[name], old[name])).map((name) => `spec.${name}`);
}

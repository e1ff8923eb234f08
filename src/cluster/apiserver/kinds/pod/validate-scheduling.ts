import { qualifiedNameErrors } from "../../../../kubernetes/labels.ts";
import type { PodSpec, Toleration } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { forbidden, invalid, notSupported, required } from "../validation/errors.ts";
import { validateOneOf } from "../validation/fields.ts";
import { validateLabelSelector, validateLabels } from "../validation/labels.ts";

const taintEffects = ["NoExecute", "NoSchedule", "PreferNoSchedule"];

type Affinity = NonNullable<PodSpec["affinity"]>;
type NodeSelectorTerm = NonNullable<
  NonNullable<Affinity["nodeAffinity"]>["requiredDuringSchedulingIgnoredDuringExecution"]
>["nodeSelectorTerms"][number];
type PodAffinityTerm = NonNullable<
  NonNullable<Affinity["podAffinity"]>["requiredDuringSchedulingIgnoredDuringExecution"]
>[number];

/** Everything in a Pod spec that decides where the Pod may run. */
export function validateScheduling(path: string, spec: PodSpec): FieldError[] {
  return [
    ...validateLabels(`${path}.nodeSelector`, spec.nodeSelector),
    ...validateAffinity(`${path}.affinity`, spec.affinity ?? {}),
    ...validateTolerations(`${path}.tolerations`, spec.tolerations ?? []),
    ...validateSpread(`${path}.topologySpreadConstraints`, spec.topologySpreadConstraints ?? []),
  ];
}

function validateAffinity(path: string, { nodeAffinity, podAffinity, podAntiAffinity }: Affinity): FieldError[] {
  const errors: FieldError[] = [];
  const field = `${path}.nodeAffinity`;
  const needed = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (needed !== undefined) {
    const terms = `${field}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
    const list = needed.nodeSelectorTerms ?? [];
    if (list.length === 0) errors.push(required(terms, "must have at least one node selector term"));
    errors.push(...list.flatMap((term, index) => validateNodeSelectorTerm(`${terms}[${index}]`, term)));
  }
  for (const [index, { weight, preference }] of (
    nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  ).entries()) {
    const preferred = `${field}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    errors.push(...validateWeight(`${preferred}.weight`, weight));
    errors.push(...validateNodeSelectorTerm(`${preferred}.preference`, preference ?? {}));
  }
  for (const [name, affinity] of Object.entries({ podAffinity, podAntiAffinity })) {
    const required = `${path}.${name}.requiredDuringSchedulingIgnoredDuringExecution`;
    for (const [index, term] of (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      errors.push(...validatePodAffinityTerm(`${required}[${index}]`, term));
    }
    const preferred = `${path}.${name}.preferredDuringSchedulingIgnoredDuringExecution`;
    for (const [index, { weight, podAffinityTerm }] of (
      affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    ).entries()) {
      errors.push(...validateWeight(`${preferred}[${index}].weight`, weight));
      errors.push(
        ...validatePodAffinityTerm(`${preferred}[${index}].podAffinityTerm`, podAffinityTerm ?? { topologyKey: "" }),
      );
    }
  }
  return errors;
}

function validateWeight(field: string, weight: number | undefined): FieldError[] {
  return weight !== undefined && weight >= 1 && weight <= 100
    ? []
    : [invalid(field, weight ?? 0, "must be in the range 1-100")];
}

function validateNodeSelectorTerm(path: string, term: NodeSelectorTerm): FieldError[] {
  return (["matchExpressions", "matchFields"] as const).flatMap((list) =>
    (term[list] ?? []).flatMap(({ key, operator, values = [] }, index) => {
      const field = `${path}.${list}[${index}]`;
      const errors: FieldError[] = [];
      if (operator === "In" || operator === "NotIn") {
        if (values.length === 0) {
          errors.push(required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
      } else if (operator === "Exists" || operator === "DoesNotExist") {
        if (values.length > 0) {
          errors.push(
            forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
          );
        }
      } else if (operator === "Gt" || operator === "Lt") {
        if (values.length !== 1) {
          errors.push(required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
        }
      } else {
        errors.push(invalid(`${field}.operator`, operator ?? "", "not a valid selector operator"));
      }
      if (list === "matchFields") {
        if (key !== "metadata.name") errors.push(invalid(`${field}.key`, key ?? "", "not a valid field selector key"));
      } else {
        errors.push(...qualifiedNameErrors(key ?? "").map((problem) => invalid(`${field}.key`, key ?? "", problem)));
      }
      return errors;
    }),
  );
}

function validatePodAffinityTerm(path: string, term: PodAffinityTerm): FieldError[] {
  const errors = validateLabelSelector(`${path}.labelSelector`, term.labelSelector);
  if (!term.topologyKey) errors.push(required(`${path}.topologyKey`, "can not be empty"));
  else {
    const field = `${path}.topologyKey`;
    errors.push(...qualifiedNameErrors(term.topologyKey).map((problem) => invalid(field, term.topologyKey, problem)));
  }
  return errors;
}

function validateTolerations(path: string, tolerations: Toleration[]): FieldError[] {
  return tolerations.flatMap(({ key, operator, value, effect, tolerationSeconds }, index) => {
    const field = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (key) errors.push(...qualifiedNameErrors(key).map((problem) => invalid(`${field}.key`, key, problem)));
    else if (operator !== "Exists") {
      errors.push(
        invalid(
          `${field}.operator`,
          operator ?? "",
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      errors.push(
        invalid(`${field}.effect`, effect ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      );
    }
    if (operator === "Exists") {
      if (value) errors.push(invalid(`${field}.operator`, operator, "value must be empty when `operator` is 'Exists'"));
    } else if (operator && operator !== "Equal") {
      errors.push(notSupported(`${field}.operator`, operator, ["Equal", "Exists"]));
    }
    if (effect) errors.push(...validateOneOf(`${field}.effect`, effect, taintEffects));
    return errors;
  });
}

function validateSpread(path: string, constraints: NonNullable<PodSpec["topologySpreadConstraints"]>): FieldError[] {
  return constraints.flatMap((constraint, index) => {
    const field = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (!(constraint.maxSkew > 0)) {
      errors.push(invalid(`${field}.maxSkew`, constraint.maxSkew ?? 0, "must be greater than zero"));
    }
    if (!constraint.topologyKey) errors.push(required(`${field}.topologyKey`, "can not be empty"));
    errors.push(
      ...validateOneOf(`${field}.whenUnsatisfiable`, constraint.whenUnsatisfiable ?? "", [
        "DoNotSchedule",
        "ScheduleAnyway",
      ]),
      ...validateLabelSelector(`${field}.labelSelector`, constraint.labelSelector),
    );
    return errors;
  });
}

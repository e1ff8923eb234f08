import type { LabelSelector } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { forbidden, invalid, required, same } from "./errors.ts";
import { labelValueProblems, qualifiedName } from "./names.ts";

export function validateLabels(field: string, labels: Record<string, string> | undefined): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...qualifiedName(key).map((problem) => invalid(field, key, problem)),
    ...labelValueProblems(value).map((problem) => invalid(field, value, problem)),
  ]);
}

export function validateLabelSelector(field: string, selector: LabelSelector | undefined): FieldError[] {
  const errors = validateLabels(`${field}.matchLabels`, selector?.matchLabels);
  for (const [index, { key, operator, values = [] }] of (selector?.matchExpressions ?? []).entries()) {
    const path = `${field}.matchExpressions[${index}]`;
    switch (operator) {
      case "In":
      case "NotIn":
        if (values.length === 0) {
          errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        break;
      case "Exists":
      case "DoesNotExist":
        if (values.length > 0) {
          errors.push(
            forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
          );
        }
        break;
      default:
        errors.push(invalid(`${path}.operator`, operator ?? "", "not a valid selector operator"));
    }
    errors.push(...qualifiedName(key ?? "").map((problem) => invalid(`${path}.key`, key ?? "", problem)));
    for (const [position, value] of values.entries()) {
      const at = `${path}.values[${position}]`;
      errors.push(...labelValueProblems(value).map((problem) => invalid(at, value, problem)));
    }
  }
  return errors;
}

/** Whether labels match a selector that passed validation; an empty selector matches everything. */
export function selectorMatches(selector: LabelSelector, labels: Record<string, string> = {}): boolean {
  const labelOf = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labelOf(key) === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labelOf(key);
      if (operator === "Exists") return value !== undefined;
      if (operator === "DoesNotExist") return value === undefined;
      const listed = value !== undefined && values.includes(value);
      return operator === "In" ? listed : !listed;
    })
  );
}

/** The selector of a Deployment, ReplicaSet or DaemonSet: present, not empty, and matching its own Pods. */
export function validateWorkloadSelector(
  selector: LabelSelector | undefined,
  templateLabels: Record<string, string> | undefined,
): FieldError[] {
  const field = "spec.selector";
  if (selector === undefined) return [required(field)];
  const errors = validateLabelSelector(field, selector);
  if (same(selector, {})) {
    errors.push(invalid(field, selector, "empty selector is invalid for deployment"));
  } else if (errors.length === 0 && !selectorMatches(selector, templateLabels)) {
    errors.push(
      invalid("spec.template.metadata.labels", templateLabels ?? {}, "`selector` does not match template `labels`"),
    );
  }
  return errors;
}

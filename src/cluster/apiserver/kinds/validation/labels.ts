import { isEmptySelector, matchesSelector } from "../../../../kubernetes/label-selector.ts";
import { labelValueErrors, qualifiedNameErrors } from "../../../../kubernetes/labels.ts";
import type { LabelSelector } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { forbidden, invalid, required } from "./errors.ts";

export function validateLabels(field: string, labels: Record<string, string> | undefined): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...qualifiedNameErrors(key).map((problem) => invalid(field, key, problem)),
    ...labelValueErrors(value).map((problem) => invalid(field, value, problem)),
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
    errors.push(...qualifiedNameErrors(key ?? "").map((problem) => invalid(`${path}.key`, key ?? "", problem)));
    for (const [position, value] of values.entries()) {
      const at = `${path}.values[${position}]`;
      errors.push(...labelValueErrors(value).map((problem) => invalid(at, value, problem)));
    }
  }
  return errors;
}

/** The selector of a Deployment, ReplicaSet ("deployment" too) or DaemonSet: not empty, and matching its own Pods. */
export function validateWorkloadSelector(
  selector: LabelSelector | undefined,
  templateLabels: Record<string, string> | undefined,
  kind: "deployment" | "daemonset",
): FieldError[] {
  const field = "spec.selector";
  const errors = validateLabelSelector(field, selector);
  if (errors.length > 0) return [...errors, invalid(field, selector, "invalid label selector")];
  if (selector === undefined) errors.push(required(field));
  else if (isEmptySelector(selector)) {
    errors.push(invalid(field, selector, `empty selector is invalid for ${kind}`));
  }
  if (!matchesSelector(selector, templateLabels)) {
    const problem = "`selector` does not match template `labels`";
    errors.push(invalid("spec.template.metadata.labels", templateLabels, problem));
  }
  return errors;
}

import type { LabelSelector } from "./types.ts";

type Labels = Record<string, string> | undefined;

/**
 * Whether labels satisfy a LabelSelector (matchLabels and matchExpressions, all of them). An absent selector selects nothing, an empty one
 * everything, as the API defines it. An operator that validation would refuse selects nothing.
 */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  if (!matchesLabels(selector.matchLabels ?? {}, labels)) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels?.[key];
    if (operator === "In") return value !== undefined && values.includes(value);
    if (operator === "NotIn") return value === undefined || !values.includes(value);
    if (operator === "Exists") return value !== undefined;
    return operator === "DoesNotExist" && value === undefined;
  });
}

/** Whether every pair of a plain selector (spec.selector of a Service, nodeSelector) is among the labels. An empty one matches everything. */
export function matchesLabels(pairs: Record<string, string>, labels: Labels): boolean {
  for (const key in pairs) if (labels?.[key] !== pairs[key]) return false;
  return true;
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

import {
  createRequirement,
  isMet,
  type Labels,
  labelOf,
  type Operator,
  type Requirement,
  SelectorError,
} from "./requirement.ts";
import type { LabelSelector } from "./types.ts";

const operators: Readonly<Record<string, Operator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
};

/** In node selectors only. */
const comparisons: Readonly<Record<string, Operator>> = { Gt: "gt", Lt: "lt" };

interface Expression {
  key: string;
  operator: string;
  values?: string[];
}

/**
 * Whether labels satisfy a LabelSelector (matchLabels and matchExpressions, all of them). An absent selector selects nothing, an empty one
 * everything, as the API defines it. An operator that validation would refuse selects nothing.
 */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  if (!matchesLabels(selector.matchLabels ?? {}, labels)) return false;
  return (selector.matchExpressions ?? []).every((expression) => {
    const operator = known(operators, expression.operator);
    return operator !== undefined && isMet(operator, expression.values ?? [], labelOf(labels, expression.key));
  });
}

/** Whether a value is what an expression of a node selector asks for (core/v1 NodeSelectorRequirement). */
export function meetsNodeExpression({ operator, values = [] }: Expression, value: string | undefined): boolean {
  const meant = known(operators, operator) ?? known(comparisons, operator);
  return meant !== undefined && isMet(meant, values, value);
}

function known(table: Readonly<Record<string, Operator>>, word: string): Operator | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

/** Whether every pair of a plain selector (spec.selector of a Service, nodeSelector) is among the labels. An empty one matches everything. */
export function matchesLabels(pairs: Record<string, string>, labels: Labels): boolean {
  for (const key in pairs) if (labelOf(labels, key) !== pairs[key]) return false;
  return true;
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

/** A LabelSelector as requirements. Undefined selects nothing (the result is undefined then), an empty one everything. Throws SelectorError. */
export function fromLabelSelector(selector: LabelSelector | undefined): Requirement[] | undefined {
  if (selector === undefined || selector === null) return undefined;
  const requirements = Object.entries(selector.matchLabels ?? {}).map(([key, value]) =>
    createRequirement(key, "=", [value]),
  );
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const meant = known(operators, operator);
    if (meant === undefined) throw new SelectorError(`"${operator}" is not a valid label selector operator`);
    requirements.push(createRequirement(key ?? "", meant, values ?? []));
  }
  return requirements;
}

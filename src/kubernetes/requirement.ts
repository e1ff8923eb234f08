import { labelValueErrors, qualifiedNameErrors } from "./labels.ts";

export type Operator = "in" | "notin" | "=" | "==" | "!=" | "exists" | "!" | "gt" | "lt";

/** One condition on a label; all of a selector's must hold. */
export interface Requirement {
  key: string;
  operator: Operator;
  /** Sorted, without doubles. */
  values: string[];
}

/** A selector that does not parse. The message is the one that Kubernetes' API server gives. */
export class SelectorError extends Error {
  override name = "SelectorError";
}

export type Labels = Readonly<Record<string, string>> | undefined;

/** Whether labels meet every requirement. No requirement: everything matches. */
export function matchesRequirements(requirements: readonly Requirement[], labels: Labels): boolean {
  return requirements.every(({ key, operator, values }) => isMet(operator, values, labelOf(labels, key)));
}

/** The value of a label; undefined when it is not there. Keys are of outside, so what every object inherits does not count. */
export function labelOf(labels: Labels, key: string): string | undefined {
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** Whether a value (undefined: there is none) is what an operator asks for. */
export function isMet(operator: Operator, values: readonly string[], value: string | undefined): boolean {
  switch (operator) {
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "in":
    case "=":
    case "==":
      return value !== undefined && values.includes(value);
    // A label that is not there differs from every value.
    case "notin":
    case "!=":
      return value === undefined || !values.includes(value);
    case "gt":
    case "lt": {
      const [limit = ""] = values;
      if (value === undefined || !integerPattern.test(value) || !integerPattern.test(limit)) return false;
      return operator === "gt" ? BigInt(value) > BigInt(limit) : BigInt(value) < BigInt(limit);
    }
  }
}

const integerPattern = /^[-+]?\d{1,19}$/;

/** Checks a requirement as Kubernetes does. Throws SelectorError. */
export function createRequirement(key: string, operator: Operator, values: readonly string[]): Requirement {
  const keyErrors = qualifiedNameErrors(key);
  if (keyErrors.length > 0) throw new SelectorError(`<nil>: Invalid value: ${quote(key)}: ${keyErrors.join("; ")}`);
  const unique = [...new Set(values)].sort();
  const listed = `[${unique.map(quote).join(",")}]`;
  if ((operator === "in" || operator === "notin") && unique.length === 0)
    throw new SelectorError(`values: Invalid value: ${listed}: for 'in', 'notin' operators, values set can't be empty`);
  if ((operator === "exists" || operator === "!") && unique.length > 0)
    throw new SelectorError(`values: Invalid value: ${listed}: values set must be empty for exists and does not exist`);
  if (operator === "gt" || operator === "lt") {
    if (unique.length !== 1)
      throw new SelectorError(
        `values: Invalid value: ${listed}: for 'Gt', 'Lt' operators, exactly one value is required`,
      );
    if (!integerPattern.test(unique[0]!))
      throw new SelectorError(
        `values[0]: Invalid value: ${quote(unique[0]!)}: for 'Gt', 'Lt' operators, the value must be an integer`,
      );
  }
  for (const [index, value] of unique.entries()) {
    const errors = labelValueErrors(value);
    if (errors.length > 0)
      throw new SelectorError(`values[${index}][${key}]: Invalid value: ${quote(value)}: ${errors.join("; ")}`);
  }
  return { key, operator, values: unique };
}

function quote(text: string): string {
  return JSON.stringify(text);
}

import type { FieldError } from "../descriptor.ts";
import { invalid } from "./errors.ts";
import { validateNonNegative } from "./fields.ts";

/** Shared by what replaces Pods step by step: how many may be missing or too many meanwhile, and how many there are. */

/** 3 or "25%". */
export function validateIntOrPercent(field: string, value: number | string): FieldError[] {
  if (typeof value === "number") return validateNonNegative(field, value);
  if (/^[0-9]+%$/.test(value)) return [];
  const problem =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
  return [invalid(field, value, problem)];
}

/** The number in front of "%", or the plain number; enough to compare with 0 and 100. */
export function percentOf(value: number | string): number {
  return typeof value === "number" ? value : Number.parseInt(value, 10) || 0;
}

/** Numbers that count something. */
export function validateCounts(path: string, status: object, names: string[]): FieldError[] {
  const numbers = status as Record<string, number | undefined>;
  return names.flatMap((name) => validateNonNegative(`${path}.${name}`, numbers[name]));
}

import type { FieldError } from "../descriptor.ts";

/** How Kubernetes words each reason of a rejected field. Values are printed as JSON, strings in quotes. */

export function required(field: string, detail = ""): FieldError {
  return { reason: "FieldValueRequired", field, message: withDetail("Required value", detail) };
}

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return { reason: "FieldValueInvalid", field, message: withDetail(`Invalid value: ${print(value)}`, detail) };
}

export function forbidden(field: string, detail: string): FieldError {
  return { reason: "FieldValueForbidden", field, message: withDetail("Forbidden", detail) };
}

export function duplicate(field: string, value: unknown): FieldError {
  return { reason: "FieldValueDuplicate", field, message: `Duplicate value: ${print(value)}` };
}

export function notFound(field: string, value: unknown): FieldError {
  return { reason: "FieldValueNotFound", field, message: `Not found: ${print(value)}` };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = [...supported]
    .sort()
    .map((entry) => JSON.stringify(entry))
    .join(", ");
  const message = withDetail(`Unsupported value: ${print(value)}`, `supported values: ${list}`);
  return { reason: "FieldValueNotSupported", field, message };
}

export function tooLong(field: string, maxBytes: number): FieldError {
  return { reason: "FieldValueTooLong", field, message: `Too long: may not be more than ${maxBytes} bytes` };
}

export function tooMany(field: string, count: number, maximum: number): FieldError {
  const items = maximum === 1 ? "item" : "items";
  return { reason: "FieldValueTooMany", field, message: `Too many: ${count}: must have at most ${maximum} ${items}` };
}

/** For fields that may never change once set. */
export function immutable(field: string, value: unknown, old: unknown): FieldError[] {
  return same(value, old) ? [] : [invalid(field, value, "field is immutable")];
}

/** Equal as JSON, whatever the order of keys; an absent field, an empty list and an empty map are the same. */
export function same(a: unknown, b: unknown): boolean {
  if (isEmpty(a) && isEmpty(b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => same(own(left, key), own(right, key)));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function own(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Long values (a whole Pod spec) would drown the message. */
const maxPrintedValue = 2000;

function print(value: unknown): string {
  const text = value === undefined ? "null" : JSON.stringify(value);
  return text.length > maxPrintedValue ? `${text.slice(0, maxPrintedValue)}…` : text;
}

function withDetail(text: string, detail: string): string {
  return detail === "" ? text : `${text}: ${detail}`;
}

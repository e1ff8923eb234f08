import type { FieldError } from "../descriptor.ts";
import { forbidden, invalid, same, tooLong } from "./errors.ts";
import { configKey } from "./names.ts";

/** Shared by ConfigMap and Secret: keys that become files, one size limit, and immutability. */

const maxDataBytes = 1024 * 1024;

export function validateKeys(path: string, data: Record<string, string> | undefined): FieldError[] {
  return Object.keys(data ?? {}).flatMap((key) =>
    configKey(key).map((problem) => invalid(`${path}[${key}]`, key, problem)),
  );
}

/** The size of values in base64 once they are decoded. */
export function decodedBytes(data: Record<string, string> | undefined): number {
  return Object.values(data ?? {}).reduce((sum, value) => sum + Buffer.byteLength(value, "base64"), 0);
}

export function validateSize(field: string, bytes: number): FieldError[] {
  return bytes > maxDataBytes ? [tooLong(field, maxDataBytes)] : [];
}

/** What may not change once `immutable: true` is set; that cannot be taken back. */
export function validateImmutable<T extends { immutable?: boolean }>(
  object: T,
  old: T,
  fields: (keyof T & string)[],
): FieldError[] {
  if (old.immutable !== true) return [];
  const problem = "field is immutable when `immutable` is set";
  const errors = object.immutable === true ? [] : [forbidden("immutable", problem)];
  for (const field of fields) {
    if (!same(object[field], old[field])) errors.push(forbidden(field, problem));
  }
  return errors;
}

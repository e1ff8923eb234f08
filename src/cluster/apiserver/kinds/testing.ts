/** What the tests of this folder share: a kind as the API server uses it, and random objects of its shape. */
import fc from "fast-check";
import type { KubernetesObject } from "../../../kubernetes/types.ts";
import { decode } from "./decode.ts";
import type { FieldError, KindDescriptor, Schema } from "./descriptor.ts";
import { resolve } from "./schema/definitions.ts";
import { validateMetadata } from "./validation/metadata.ts";

/** An object as it is before validation of a create. Throws what the decoder refuses. */
export function created(kind: KindDescriptor, body: object): KubernetesObject {
  const decoded = decode(kind, structuredClone(body), "Strict");
  if (!decoded.ok) throw new Error(decoded.message);
  kind.setDefaults?.(decoded.object);
  kind.prepareForCreate?.(decoded.object, "2026-01-02T03:04:05Z");
  return decoded.object;
}

/** What is wrong with a new object, one "field: message" each; without metadata, the name is a lawful one. */
export function problemsOfCreate(kind: KindDescriptor, body: object): string[] {
  const object = created(kind, { metadata: { name: "a" }, ...body });
  return print([...validateMetadata(object.metadata, kind.nameFormat), ...kind.validate(object)]);
}

/** What is wrong with an update from one body to the next. */
export function problemsOfUpdate(kind: KindDescriptor, before: object, after: object): string[] {
  const old = created(kind, { metadata: { name: "a" }, ...before });
  const object = updated(kind, old, { metadata: { name: "a" }, ...after });
  return print([...kind.validate(object), ...(kind.validateUpdate?.(object, old) ?? [])]);
}

/** An object as it is before validation of an update. */
export function updated(kind: KindDescriptor, old: KubernetesObject, body: object): KubernetesObject {
  const decoded = decode(kind, structuredClone(body), "Strict");
  if (!decoded.ok) throw new Error(decoded.message);
  kind.setDefaults?.(decoded.object);
  kind.prepareForUpdate?.(decoded.object, structuredClone(old));
  return decoded.object;
}

export function print(errors: FieldError[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

/** Names and values that trip careless code, among plain ones. */
const anyText = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    "web",
    "default",
    "TCP",
    "None",
    "ClusterIP",
    "10.0.0.1",
    "fd00::1",
    "*.a.b",
    "In",
    "Always",
  ),
  fc.constantFrom("__proto__", "constructor", "toString", "a/b/c", "..", "%", "é", "\u0000", "1970-01-01T00:00:00Z"),
  fc.string(),
);
const anyInteger = fc.oneof(fc.constantFrom(0, 1, -1, 80, 65_536, 2 ** 31 - 1), fc.integer());

/** A value that the decoder takes for the schema, with most fields left out. */
export function arbitraryOf(schema: Schema): fc.Arbitrary<unknown> {
  const type = resolve(schema);
  switch (type.type) {
    case "object":
      // Types are wide: arbitraries are made only for the fields that a sample has.
      return fc.constant(null).chain(() => {
        const fields = Object.entries(type.fields).map(([name, field]) => {
          // A quarter of the fields, and nearly all that every object of the kind has.
          const chance = type.required.includes(name) || name === "spec" ? 11 : 3;
          return [name, fc.nat(11).chain((roll) => (roll < chance ? arbitraryOf(field) : fc.constant(null)))];
        });
        return fc
          .record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>)
          .map((value) => Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null)));
      });
    case "list":
      return fc.array(arbitraryOf(type.items), { maxLength: 2 });
    case "map":
      return fc.dictionary(anyText, arbitraryOf(type.values), { maxKeys: 2, noNullPrototype: true });
    case "integer":
      return anyInteger;
    case "int-or-string":
      return fc.oneof(anyInteger, anyText);
    case "number":
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case "boolean":
      return fc.boolean();
    case "any":
      return fc.constant({});
    case "string":
      if (type.format === "quantity") return fc.constantFrom("0", "1", "-1", "100m", "1Gi", "1e3");
      if (type.format === "byte") return fc.constantFrom("", "YQ==", "e30=");
      return type.format === undefined
        ? anyText
        : fc.constantFrom("2026-01-02T03:04:05Z", "1970-01-01T00:00:00.000001Z");
  }
}

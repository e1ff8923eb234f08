import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { KubernetesObject } from "../../../kubernetes/types.ts";
import { decode } from "./decode.ts";
import type { KindDescriptor } from "./descriptor.ts";
import { kinds } from "./index.ts";
import { arbitraryOf } from "./testing.ts";
import { validateMetadata, validateMetadataUpdate } from "./validation/metadata.ts";

const now = Date.parse("2026-01-02T03:04:05Z");

function decoded(kind: KindDescriptor, value: unknown): KubernetesObject {
  const result = decode(kind, structuredClone(value), "Ignore");
  assert.ok(result.ok, result.ok ? "" : result.message);
  return result.object;
}

/** A body of the kind: random fields, right apiVersion and kind. */
function bodies(kind: KindDescriptor): fc.Arbitrary<object> {
  return arbitraryOf(kind.schema).map((value) => {
    const { apiVersion: _, kind: __, ...rest } = value as KubernetesObject;
    return rest;
  });
}

for (const kind of kinds) {
  describe(kind.resource.kind, () => {
    test("whatever decodes can be created, updated, validated and shown", () => {
      fc.assert(
        fc.property(bodies(kind), bodies(kind), (first, second) => {
          const old = decoded(kind, first);
          kind.setDefaults?.(old);
          kind.prepareForCreate?.(old, new Date(now).toISOString());
          const object = decoded(kind, second);
          kind.setDefaults?.(object);
          kind.prepareForUpdate?.(object, structuredClone(old));
          for (const each of [old, object]) {
            const problems = [...validateMetadata(each.metadata, kind.nameFormat), ...kind.validate(each)];
            for (const { field, message } of problems) assert.equal(typeof `${field}${message}`, "string");
            for (const read of Object.values(kind.selectableFields ?? {})) assert.equal(typeof read(each), "string");
            kind.specOf?.(each);
          }
          validateMetadataUpdate(object.metadata ?? {}, old.metadata ?? {});
          kind.validateUpdate?.(object, old);
          kind.validateStatusUpdate?.(object, old);
        }),
        { numRuns: 50 },
      );
    });

    test("defaults are filled in once and for all, and are of the kind's own shape", () => {
      fc.assert(
        fc.property(bodies(kind), (body) => {
          const object = decoded(kind, body);
          kind.setDefaults?.(object);
          const again = structuredClone(object);
          kind.setDefaults?.(again);
          assert.deepEqual(again, object);
          const strict = decode(kind, structuredClone(object), "Strict");
          assert.ok(strict.ok, strict.ok ? "" : strict.message);
        }),
        { numRuns: 50 },
      );
    });

    test("a row has a cell for each column", () => {
      fc.assert(
        fc.property(bodies(kind), (body) => {
          const object = decoded(kind, body);
          kind.setDefaults?.(object);
          kind.prepareForCreate?.(object, new Date(now).toISOString());
          const row = kind.row(object, now);
          assert.equal(row.length, kind.columns.length);
          for (const cell of row) assert.ok(["string", "number", "boolean"].includes(typeof cell), String(cell));
        }),
        { numRuns: 50 },
      );
    });
  });
}

test("names that clients type lead to one kind", () => {
  const names = kinds.flatMap(({ resource, singular, shortNames }) => [
    ...new Set([resource.plural, singular, ...shortNames]),
  ]);
  assert.deepEqual(names.length, new Set(names).size);
});

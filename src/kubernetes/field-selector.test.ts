import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesFields, parseFieldSelector } from "./field-selector.ts";
import { SelectorError } from "./requirement.ts";

test("field selectors", () => {
  const fields: Record<string, string> = { "metadata.name": "a,b", "status.phase": "Running" };
  const read = (field: string) => fields[field];
  assert.equal(matchesFields(parseFieldSelector("metadata.name=a\\,b,status.phase!=Pending"), read), true);
  assert.equal(matchesFields(parseFieldSelector("spec.nodeName="), read), true);
  assert.equal(matchesFields(parseFieldSelector("status.phase==Pending"), read), false);
  assert.deepEqual(parseFieldSelector(""), []);
  assert.throws(
    () => parseFieldSelector("metadata.name"),
    new SelectorError("invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
  );
  assert.throws(
    () => parseFieldSelector("a=\\x"),
    new SelectorError("invalid field selector: invalid escape sequence: \\x"),
  );
});

test("any text either parses or is refused with a SelectorError", () => {
  const parts = fc.array(fc.constantFrom("a", "=", "==", "!=", ",", "\\", ".", " "), { maxLength: 12 });
  const text = fc.oneof(
    fc.string(),
    parts.map((words) => words.join("")),
  );
  fc.assert(
    fc.property(text, (selector) => {
      try {
        parseFieldSelector(selector);
      } catch (error) {
        assert.ok(error instanceof SelectorError);
      }
    }),
  );
});

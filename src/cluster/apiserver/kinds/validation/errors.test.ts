import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { print } from "../testing.ts";
import { duplicate, forbidden, invalid, notFound, notSupported, required, same, tooLong, tooMany } from "./errors.ts";

test("Kubernetes' words for each reason", () => {
  assert.deepEqual(
    print([
      required("a"),
      required("a", "why"),
      invalid("a", "x", "why"),
      invalid("a", 3, "why"),
      invalid("a", { b: 1 }, "why"),
      invalid("a", undefined, "why"),
      forbidden("a", "why"),
      duplicate("a", "x"),
      notFound("a", "x"),
      notSupported("a", "x", ["c", "b"]),
      tooLong("a", 63),
      tooMany("a", 3, 2),
    ]),
    [
      "a: Required value",
      "a: Required value: why",
      'a: Invalid value: "x": why',
      "a: Invalid value: 3: why",
      'a: Invalid value: {"b":1}: why',
      "a: Invalid value: null: why",
      "a: Forbidden: why",
      'a: Duplicate value: "x"',
      'a: Not found: "x"',
      'a: Unsupported value: "x": supported values: "b", "c"',
      "a: Too long: may not be more than 63 bytes",
      "a: Too many: 3: must have at most 2 items",
    ],
  );
});

describe("same", () => {
  const cases: [unknown, unknown, boolean][] = [
    [{ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }, true],
    [{ a: undefined }, {}, true],
    [undefined, {}, true],
    [[], undefined, true],
    [{ a: [] }, { a: {} }, true],
    [{ a: "" }, {}, false],
    [{ a: 0 }, {}, false],
    [[1, 2], [2, 1], false],
    [{ a: 1 }, [1], false],
    [{}, { constructor: 1 }, false],
    ["1", 1, false],
  ];
  for (const [a, b, equal] of cases) {
    test(`${JSON.stringify(a)} and ${JSON.stringify(b)}`, () => {
      assert.equal(same(a, b), equal);
      assert.equal(same(b, a), equal);
    });
  }
});

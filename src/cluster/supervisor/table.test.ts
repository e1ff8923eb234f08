import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { firstRows, table } from "./table.ts";

describe("a table", () => {
  test("has columns as wide as they need", () => {
    assert.deepEqual(
      table(
        ["NAME", "AGE"],
        [
          ["a", "1s"],
          ["longer", "2s"],
        ],
      ),
      ["NAME    AGE", "a       1s", "longer  2s"],
    );
  });
  test("cuts the widest column to fit, and leaves the end that tells Pods of one owner apart", () => {
    const [, first, second] = table(
      ["N", "M"],
      [
        ["webapp1-nodeport-6fd46b6db4-9r7m9", "y"],
        ["webapp1-nodeport-6fd46b6db4-npwcn", "z"],
      ],
      23,
    );
    assert.deepEqual([first, second], ["webapp1-nodep…-9r7m9  y", "webapp1-nodep…-npwcn  z"]);
  });
  test("of four columns is never wider than the terminal", () => {
    const cell = fc.string({ maxLength: 200, unit: "grapheme-ascii" });
    const rows = fc.array(fc.array(cell, { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, (all) => {
        for (const line of table(["A", "B", "C", "D"], all, 80)) assert.ok(line.length <= 80, line);
      }),
    );
  });
  test("says how many rows it left out, unless it is one that fits in that line's place", () => {
    const lines = ["head", "1", "2", "3"];
    assert.deepEqual(firstRows(lines, 3, "more"), lines);
    assert.deepEqual(firstRows(lines, 2, "kubectl get pods"), ["head", "1", "… and 2 more (kubectl get pods)"]);
  });
});

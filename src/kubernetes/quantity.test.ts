import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isQuantity, parseQuantity } from "./quantity.ts";

describe("quantities", () => {
  const cases: [string, number][] = [
    ["1", 1],
    ["-1.5", -1.5],
    ["+.5", 0.5],
    ["100m", 0.1],
    ["2k", 2000],
    ["1Ki", 1024],
    ["10Mi", 10 * 2 ** 20],
    ["1e3", 1000],
    ["1E", 1e18],
    ["5.", 5],
    ["1.5Gi", 1.5 * 2 ** 30],
    ["2e3", 2000],
    ["12Ki", 12288],
    [".5k", 500],
    ["-1", -1],
  ];
  for (const [text, value] of cases) {
    test(text, () => assert.equal(parseQuantity(text), value));
  }
  for (const text of ["", "m", "1x", "Gi", "1K", "1 Gi", "1mi", "0x1", "1e", "--1", "1".repeat(65)]) {
    test(`"${text.slice(0, 10)}" is none`, () =>
      assert.deepEqual([isQuantity(text), parseQuantity(text)], [false, undefined]));
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuantity } from "./quantity.ts";

for (const [text, expected] of [
  ["1", 1],
  ["100m", 0.1],
  ["1.5Gi", 1.5 * 2 ** 30],
  ["2e3", 2000],
  ["1E", 1e18],
  ["12Ki", 12288],
  [".5k", 500],
  ["-1", -1],
  ["", undefined],
  ["1x", undefined],
  ["Gi", undefined],
  ["1 Gi", undefined],
] as const)
  test(`${JSON.stringify(text)} is ${expected}`, () => {
    assert.equal(parseQuantity(text), expected);
  });

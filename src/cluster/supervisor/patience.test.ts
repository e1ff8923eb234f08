import assert from "node:assert/strict";
import { test } from "node:test";
import { patient } from "./patience.ts";

test("waits as many times as long as is asked for, and refuses what is no number for that", () => {
  assert.deepEqual(
    [undefined, "1", "2.5", "100"].map((factor) => patient(1000, factor)),
    [1000, 1000, 2500, 100_000],
  );
  for (const factor of ["", "0", "-1", "101", "many", "Infinity"])
    assert.throws(() => patient(1000, factor), /^OptionError: FAIRWAY_PATIENCE: ".*" is not a number from 1 to 100$/);
});

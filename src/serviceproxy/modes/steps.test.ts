import assert from "node:assert/strict";
import { test } from "node:test";
import { takeSteps } from "./steps.ts";

test("a step that fails keeps no other, and every failure is told", async () => {
  const taken: number[] = [];
  const step = (number: number) => async () => {
    taken.push(number);
    if (number !== 2) throw new Error(`step ${number} failed`);
  };
  await assert.rejects(takeSteps([1, 2, 3].map(step)), { message: "step 1 failed; step 3 failed" });
  assert.deepEqual(taken, [1, 2, 3]);
  await takeSteps([step(2)]);
});

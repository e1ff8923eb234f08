import assert from "node:assert/strict";
import { test } from "node:test";
import { type EndedRun, nextDelay, type RestartPolicy, restartAt, retryDelay } from "./backoff.ts";

const run = (more: Partial<EndedRun> = {}): EndedRun => ({
  startedAt: 0,
  finishedAt: 1_000,
  exitCode: 1,
  restartDelay: 0,
  attempt: 0,
  ...more,
});

test("a program that always fails at once waits 0, 10, 20, 40 … 300 s", () => {
  const delays: number[] = [];
  let last = run();
  for (let attempt = 1; attempt < 9; attempt += 1) {
    const delay = nextDelay(last);
    delays.push(delay / 1000);
    last = run({ attempt, restartDelay: delay });
  }
  assert.deepEqual(delays, [0, 10, 20, 40, 80, 160, 300, 300]);
});

test("after ten minutes of running the delays begin anew", () => {
  assert.equal(nextDelay(run({ attempt: 5, restartDelay: 160_000, finishedAt: 600_000 })), 0);
  assert.equal(nextDelay(run({ attempt: 5, restartDelay: 160_000, finishedAt: 599_999 })), 300_000);
});

test("an end that was not the program's doing costs no delay", () => {
  assert.equal(nextDelay(run({ attempt: 5, restartDelay: 160_000, blameless: true })), 0);
});

for (const [policy, exitCode, restarts] of [
  ["Always", 0, true],
  ["Always", 1, true],
  ["OnFailure", 0, false],
  ["OnFailure", 1, true],
  ["Never", 0, false],
  ["Never", 1, false],
] as [RestartPolicy, number, boolean][])
  test(`${policy} after exit status ${exitCode}: ${restarts ? "again" : "over"}`, () => {
    assert.deepEqual(restartAt(run({ exitCode }), policy), restarts ? { at: 1_000, delay: 0 } : undefined);
  });

test("what fails before there is a container is tried again ever later, at most after 5 minutes", () => {
  assert.deepEqual([0, 1, 2, 5, 50].map(retryDelay), [10_000, 20_000, 40_000, 300_000, 300_000]);
});

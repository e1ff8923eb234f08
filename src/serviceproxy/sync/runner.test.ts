import assert from "node:assert/strict";
import { test } from "node:test";
import data from "../testing/runner.json" with { type: "json" };
import { Runner } from "./runner.ts";

/** Lets everything run that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

for (const { name, min, retry, max, steps } of data.cases)
  test(name, async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let runs = 0;
    let result = "ok";
    const runner = new Runner({
      minInterval: min,
      retryInterval: retry,
      maxInterval: max,
      onError: () => {},
      run: async () => {
        runs += 1;
        if (result === "fail") throw new Error("failed");
      },
    });
    for (const [index, step] of steps.split(", ").entries()) {
      const [word, number] = step.split(" ");
      if (word === "trigger") runner.trigger();
      else if (word === "advance") t.mock.timers.tick(Number(number));
      else if (word === "runs") assert.equal(runs, Number(number), `step ${index}: ${step}`);
      else result = step;
      await settle();
    }
    await runner.stop();
  });

test("a request during a run is served after it, and stopping waits for the run", async () => {
  let runs = 0;
  const gates: (() => void)[] = [];
  const runner = new Runner({
    minInterval: 0,
    retryInterval: 1000,
    maxInterval: 1000,
    onError: () => {},
    run: () => {
      runs += 1;
      return new Promise<void>((resolve) => gates.push(resolve));
    },
  });
  runner.trigger();
  runner.trigger();
  runner.trigger();
  assert.equal(runs, 1);
  gates.shift()!();
  await settle();
  assert.equal(runs, 2);
  let stopped = false;
  const stopping = runner.stop().then(() => {
    stopped = true;
  });
  await settle();
  assert.equal(stopped, false);
  gates.shift()!();
  await stopping;
  assert.equal(runs, 2);
});

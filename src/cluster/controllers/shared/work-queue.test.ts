import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { StatusError } from "../../../kubernetes/errors.ts";
import { createLogger } from "../../../role/log.ts";
import { WorkQueue } from "./work-queue.ts";

const log = createLogger("test", "silent");

/** Lets everything run that is ready to. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** mock.timers moves setTimeout, not performance.now, which the queue also reads. */
function fakeClock(t: { after(end: () => void): void }) {
  let now = 0;
  mock.timers.enable({ apis: ["setTimeout"] });
  const clock = mock.method(performance, "now", () => now);
  t.after(() => {
    mock.timers.reset();
    clock.mock.restore();
  });
  return async (milliseconds: number) => {
    now += milliseconds;
    mock.timers.tick(milliseconds);
    await settle();
  };
}

/** A queue whose passes end when the test says so. */
function manual(options: Partial<ConstructorParameters<typeof WorkQueue>[0]> = {}) {
  const runs: { key: string; end: () => void; fail: (error: Error) => void }[] = [];
  const queue = new WorkQueue({
    log,
    random: () => 1,
    sync: (key) => new Promise((end, fail) => runs.push({ key, end: () => end(undefined), fail })),
    ...options,
  });
  return { queue, runs, keys: () => runs.map(({ key }) => key) };
}

test("a key that is added many times runs once, and once more when it was added while it ran", async () => {
  const { queue, runs, keys } = manual();
  queue.add("a");
  queue.add("a");
  await settle();
  assert.deepEqual(keys(), ["a"]);
  queue.add("a");
  queue.add("a");
  await settle();
  assert.deepEqual(keys(), ["a"], "never twice at the same time");
  runs[0]?.end();
  await settle();
  assert.deepEqual(keys(), ["a", "a"]);
  runs[1]?.end();
  await settle();
  assert.equal(runs.length, 2);
  assert.equal(queue.size, 0);
});

test("no more keys are in work than allowed", async () => {
  const { queue, runs, keys } = manual({ concurrency: 2 });
  for (const key of ["a", "b", "c", "d"]) queue.add(key);
  await settle();
  assert.deepEqual(keys(), ["a", "b"]);
  runs[1]?.end();
  await settle();
  assert.deepEqual(keys(), ["a", "b", "c"]);
});

test("failures are tried again after 5, 10, 20 ms…, and success starts over", async (t) => {
  const pass = fakeClock(t);
  const { queue, runs } = manual();
  queue.add("a");
  await settle();
  for (const delay of [5, 10, 20]) {
    const before = runs.length;
    runs.at(-1)?.fail(new Error("no"));
    await settle();
    await pass(delay - 1);
    assert.equal(runs.length, before, `not before ${delay} ms`);
    await pass(1);
    assert.equal(runs.length, before + 1, `after ${delay} ms`);
  }
  runs.at(-1)?.end();
  await settle();
  queue.add("a");
  await settle();
  runs.at(-1)?.fail(new Error("no"));
  await settle();
  const before = runs.length;
  await pass(5);
  assert.equal(runs.length, before + 1);
});

test("backoff has an upper bound and jitter takes up to half of it", async (t) => {
  const pass = fakeClock(t);
  const { queue, runs } = manual({ firstBackoff: 100, longestBackoff: 150, random: () => 0 });
  queue.add("a");
  await settle();
  for (const delay of [50, 75, 75]) {
    const before = runs.length;
    const conflict = { apiVersion: "v1", kind: "Status", metadata: {}, status: "Failure" } as const;
    runs.at(-1)?.fail(new StatusError({ ...conflict, code: 409, reason: "Conflict" }));
    await settle();
    await pass(delay - 1);
    assert.equal(runs.length, before);
    await pass(1);
    assert.equal(runs.length, before + 1);
  }
});

test("of several deadlines of one key the earliest counts, and an add overtakes them all", async (t) => {
  const pass = fakeClock(t);
  const { queue, runs } = manual();
  queue.addAfter("a", 100);
  queue.addAfter("a", 50);
  queue.addAfter("a", 70);
  await pass(49);
  assert.equal(runs.length, 0);
  await pass(1);
  assert.equal(runs.length, 1);
  runs[0]?.end();
  await pass(100);
  assert.equal(runs.length, 1, "the later deadlines are gone");
  queue.addAfter("a", 100);
  queue.add("a");
  await settle();
  assert.equal(runs.length, 2);
  runs[1]?.end();
  await pass(100);
  assert.equal(runs.length, 2);
});

test("minInterval makes one pass of a burst", async (t) => {
  const pass = fakeClock(t);
  const { queue, runs } = manual({ minInterval: 40 });
  queue.add("a");
  await settle();
  assert.equal(runs.length, 1, "the first pass waits for nothing");
  runs[0]?.end();
  await settle();
  for (let change = 0; change < 5; change += 1) queue.add("a");
  await pass(39);
  assert.equal(runs.length, 1);
  await pass(1);
  assert.equal(runs.length, 2);
  runs[1]?.end();
  await settle();
  await pass(50);
  queue.add("a");
  await settle();
  assert.equal(runs.length, 3, "rested");
});

test("requeueAfter runs the key again", async (t) => {
  const pass = fakeClock(t);
  let runs = 0;
  const queue = new WorkQueue({
    log,
    sync: async () => {
      runs += 1;
      return runs === 1 ? { requeueAfter: 30 } : undefined;
    },
  });
  queue.add("a");
  await settle();
  await pass(29);
  assert.equal(runs, 1);
  await pass(1);
  assert.equal(runs, 2);
  await pass(1000);
  assert.equal(runs, 2);
});

test("stop waits for what is in work and begins nothing new", async () => {
  const { queue, runs } = manual({ concurrency: 1 });
  queue.add("a");
  queue.add("b");
  await settle();
  let stopped = false;
  const stopping = queue.stop().then(() => {
    stopped = true;
  });
  await settle();
  assert.equal(stopped, false);
  runs[0]?.end();
  await stopping;
  queue.add("c");
  await settle();
  assert.equal(runs.length, 1);
});

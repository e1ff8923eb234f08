import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Heartbeats } from "./heartbeats.ts";

const timings = { renewInterval: 1000, grace: 5000 };

/** Three nodes that were heard at 0. */
function three(): Heartbeats {
  const heartbeats = new Heartbeats(timings);
  for (const node of ["a", "b", "c"]) {
    heartbeats.observe(node, undefined, 0);
    heartbeats.observe(node, "0", 0);
  }
  return heartbeats;
}

test("a node that falls silent while others are heard is lost after the grace period", () => {
  const heartbeats = three();
  for (let now = 1000; now <= 6000; now += 1000) heartbeats.observe("a", String(now), now);
  assert.equal(heartbeats.verdict("b", 5000), "alive");
  assert.equal(heartbeats.verdict("b", 5001), "lost");
  assert.equal(heartbeats.verdict("a", 6000), "alive");
});

test("the same renewTime seen again is no sign of life", () => {
  const heartbeats = three();
  for (let now = 1000; now <= 6000; now += 1000) {
    heartbeats.observe("a", String(now), now);
    heartbeats.observe("b", "0", now);
  }
  assert.equal(heartbeats.verdict("b", 6000), "lost");
});

test("what time agents write does not matter, only that it changes", () => {
  const heartbeats = three();
  for (let now = 1000; now <= 9000; now += 1000) heartbeats.observe("a", String(-now), now);
  assert.equal(heartbeats.verdict("a", 9000), "alive");
});

test("when nobody is heard nobody is lost; the first one heard gives all as much time again and a new grace period", () => {
  for (const [silence, credit] of [
    [10_000, 10_000],
    [60_000, 30_000],
  ] as const) {
    const heartbeats = three();
    for (const node of ["a", "b", "c"]) assert.equal(heartbeats.verdict(node, silence), "unheard");
    const lostAfter = silence + credit + timings.grace;
    for (let now = silence; now <= lostAfter; now += 1000) {
      heartbeats.observe("a", String(now), now);
      assert.equal(heartbeats.verdict("b", now), "alive", `${now} after ${silence}`);
    }
    assert.equal(heartbeats.verdict("b", lostAfter + 1), "lost");
  }
});

test("a start is no silence: a node that died meanwhile is lost after the usual time", () => {
  const heartbeats = new Heartbeats(timings);
  for (const node of ["a", "b"]) heartbeats.observe(node, "before", 100_000);
  for (let now = 101_000; now <= 106_000; now += 1000) heartbeats.observe("a", String(now), now);
  assert.equal(heartbeats.verdict("b", 105_001), "lost");
});

test("after a stall of the loop all have a new grace period", () => {
  const heartbeats = three();
  heartbeats.stalled(30_000);
  for (const node of ["a", "b", "c"]) assert.equal(heartbeats.verdict(node, 35_000), "alive");
});

test("a node without a lease is given the grace period from when it was first seen", () => {
  const heartbeats = three();
  heartbeats.observe("d", undefined, 1000);
  for (let now = 1000; now <= 7000; now += 1000) heartbeats.observe("a", String(now), now);
  assert.equal(heartbeats.verdict("d", 6000), "alive");
  assert.equal(heartbeats.verdict("d", 6001), "lost");
  assert.equal(heartbeats.verdict("nobody", 6001), "alive");
});

test("an agent's own report of readiness counts like a lease", () => {
  const heartbeats = three();
  for (let now = 1000; now <= 7000; now += 1000) heartbeats.observe("a", String(now), now);
  heartbeats.heard("b", 7000);
  assert.equal(heartbeats.verdict("b", 7000), "alive");
  assert.equal(heartbeats.verdict("c", 7000), "lost");
});

test("a node that renews in time is never lost, whatever the others do and however long the controller stands still", () => {
  const step = fc.record({ pass: fc.integer({ min: 1, max: 4000 }), stall: fc.boolean(), others: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const heartbeats = three();
      let now = 0;
      for (const { pass, stall, others } of steps) {
        now += stall ? pass * 1000 : pass;
        if (stall) heartbeats.stalled(now);
        if (others) heartbeats.observe("b", String(now), now);
        assert.notEqual(heartbeats.verdict("a", now), "lost");
        heartbeats.observe("a", String(now), now);
      }
    }),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LogIndex } from "./log-index.ts";

function indexOf(marks: [number, number][]): LogIndex {
  const index = new LogIndex();
  for (const [size, time] of marks) index.observe(size, time);
  return index;
}

test("a byte has the time at which it was seen first", () => {
  const index = indexOf([
    [10, 100],
    [20, 200],
  ]);
  for (const [offset, time] of [
    [0, 100],
    [9, 100],
    [10, 200],
    [19, 200],
    [20, 999],
  ] as const)
    assert.equal(index.timeOf(offset, 999), time, `offset ${offset}`);
});

test("what was seen since a time begins where the mark before it ends", () => {
  const index = indexOf([
    [10, 100],
    [20, 200],
  ]);
  for (const [time, offset] of [
    [0, 0],
    [100, 0],
    [101, 10],
    [200, 10],
    [201, undefined],
  ] as const)
    assert.equal(index.offsetOf(time), offset, `time ${time}`);
});

test("a file that did not grow, or shrank, changes nothing", () => {
  const index = indexOf([
    [10, 100],
    [10, 200],
    [5, 300],
  ]);
  assert.equal(index.length, 1);
});

test("property: times never go back along the file, and its size in memory is bounded", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(50), fc.integer({ min: -5, max: 50 })), { maxLength: 6000 }), (steps) => {
      const index = new LogIndex();
      let size = 0;
      let time = 1000;
      for (const [grown, passed] of steps) {
        size += grown;
        time += passed;
        index.observe(size, time);
      }
      assert.ok(index.length <= 2048);
      let before = 0;
      for (let offset = 0; offset < size; offset += 7) {
        const now = index.timeOf(offset, Number.MAX_SAFE_INTEGER);
        assert.ok(now >= before && now < Number.MAX_SAFE_INTEGER);
        before = now;
      }
    }),
    { numRuns: 30 },
  );
});

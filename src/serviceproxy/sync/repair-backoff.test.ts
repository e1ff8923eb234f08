import assert from "node:assert/strict";
import { test } from "node:test";
import { RepairBackoff } from "./repair-backoff.ts";

/** Looks each 250 ms; somebody damages the rules `after` milliseconds after each repair. Returns when repairs were made. */
function fight(backoff: RepairBackoff, { from, repairs, after }: { from: number; repairs: number; after: number }) {
  const times: number[] = [];
  let damagedAt = from;
  for (let now = from; times.length < repairs; now += 250) {
    if (now < damagedAt || !backoff.isDue(damagesBefore + times.length + 1, now)) continue;
    times.push(now - from);
    damagedAt = now + after;
  }
  damagesBefore += repairs;
  return times;
}
let damagesBefore = 0;

test("the first repairs are made at once, the next ever later, and after a quiet time at once again", () => {
  damagesBefore = 0;
  let told = 0;
  const backoff = new RepairBackoff(30_000, () => {
    told += 1;
  });
  const times = fight(backoff, { from: 0, repairs: 13, after: 250 });
  assert.deepEqual(times.slice(0, 5), [0, 250, 500, 750, 1000]);
  const waits = times.slice(5).map((time, index) => time - times[index + 4]! - 250);
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(told, 1);
  // The other one waits as long as we do: no quiet time.
  assert.deepEqual(fight(backoff, { from: 200_000, repairs: 2, after: 30_000 }), [30_000, 90_000]);
  assert.deepEqual(fight(backoff, { from: 500_000, repairs: 3, after: 250 }), [0, 250, 500]);
  assert.equal(told, 1);
});

test("damage that waits to be repaired is not put off by more of it", () => {
  const backoff = new RepairBackoff(30_000, () => {});
  for (let damages = 1; damages <= 5; damages += 1) assert.equal(backoff.isDue(damages, 0), true);
  assert.equal(backoff.isDue(6, 0), false);
  assert.equal(backoff.isDue(7, 900), false);
  assert.equal(backoff.isDue(7, 1000), true);
});

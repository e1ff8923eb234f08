import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deathsInARow, restartDelay } from "./restart-policy.ts";

describe("restart policy", () => {
  const delays: [deaths: number, delay: number][] = [
    [1, 0],
    [2, 50],
    [3, 100],
    [4, 200],
    [5, 400],
    [6, 800],
    [7, 800],
    [1000, 800],
  ];
  for (const [deaths, delay] of delays)
    test(`death ${deaths} in a row waits ${delay} ms`, () => assert.equal(restartDelay(deaths), delay));

  const counts: [before: number, uptime: number, after: number][] = [
    [0, 5, 1],
    [1, 5, 2],
    [6, 9999, 7],
    [6, 10_000, 1],
    [0, 60_000, 1],
  ];
  for (const [before, uptime, after] of counts)
    test(`after ${before} deaths and ${uptime} ms of life it is death ${after} in a row`, () =>
      assert.equal(deathsInARow(before, uptime), after));
});

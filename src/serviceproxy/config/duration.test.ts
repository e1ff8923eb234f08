import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

const table: [text: string, milliseconds: number | undefined, canonical?: string][] = [
  ["0", 0, "0s"],
  ["0s", 0],
  ["30s", 30_000],
  ["1h1m1.5s", 3_661_500],
  ["90m", 5_400_000, "1h30m0s"],
  ["1.5h", 5_400_000, "1h30m0s"],
  ["-5s", -5000],
  [".5s", 500, "500ms"],
  ["250ms", 250],
  ["1us", 0.001, "1µs"],
  ["", undefined],
  ["30", undefined],
  ["s", undefined],
  ["5 s", undefined],
  ["5s!", undefined],
  ["1d", undefined],
  ["99999999999h", undefined],
];
for (const [text, milliseconds, canonical = text] of table)
  test(`duration ${JSON.stringify(text)}`, () => {
    assert.equal(parseDuration(text), milliseconds);
    if (milliseconds !== undefined) assert.equal(formatDuration(milliseconds), canonical);
  });

test("what is written is read as the same", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), (milliseconds) => {
      assert.equal(parseDuration(formatDuration(milliseconds)), milliseconds);
    }),
  );
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { age, humanDuration } from "./age.ts";

describe("ages as kubectl prints them", () => {
  const second = 1000;
  const minute = 60 * second;
  const hour = 60 * minute;
  const day = 24 * hour;
  const cases: [number, string][] = [
    [-2 * second, "<invalid>"],
    [-1 * second, "0s"],
    [0, "0s"],
    [999, "0s"],
    [119 * second, "119s"],
    [2 * minute, "2m"],
    [2 * minute + 5 * second, "2m5s"],
    [9 * minute + 59 * second, "9m59s"],
    [10 * minute + 30 * second, "10m"],
    [179 * minute, "179m"],
    [3 * hour, "3h"],
    [7 * hour + 59 * minute, "7h59m"],
    [8 * hour + 30 * minute, "8h"],
    [47 * hour, "47h"],
    [2 * day, "2d"],
    [7 * day + 23 * hour, "7d23h"],
    [8 * day + 5 * hour, "8d"],
    [729 * day, "729d"],
    [2 * 365 * day, "2y"],
    [2 * 365 * day + 3 * day, "2y3d"],
    [8 * 365 * day + 30 * day, "8y"],
  ];
  for (const [duration, text] of cases) test(text, () => assert.equal(humanDuration(duration), text));
  test("a time that is missing or none", () => {
    assert.equal(age(undefined, 0), "<unknown>");
    assert.equal(age("soon", 0), "<unknown>");
  });
  test("a time", () => assert.equal(age("2026-01-02T03:04:05Z", Date.parse("2026-01-02T03:04:10Z")), "5s"));
});

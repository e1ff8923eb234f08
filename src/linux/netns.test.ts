import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBatchErrors } from "./netns.ts";

const stderr = `RTNETLINK answers: File exists
Command failed -:1
Error: argument "x" is wrong: Unknown table.

Command failed -:12
`;

test("the failures of a batch are found by their lines, counted from 0, each with its own reason", () => {
  assert.deepEqual(
    [...parseBatchErrors(stderr)],
    [
      [0, "RTNETLINK answers: File exists"],
      [11, 'Error: argument "x" is wrong: Unknown table.'],
    ],
  );
});

test("no failure, no entry", () => {
  assert.equal(parseBatchErrors("").size, 0);
  assert.equal(parseBatchErrors("Warning: something\n").size, 0);
});

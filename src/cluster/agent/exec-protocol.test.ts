import assert from "node:assert/strict";
import { test } from "node:test";
import { exitStatus, parseExec, parseResize } from "./exec-protocol.ts";
import { parseLogOptions } from "./logs-handler.ts";

const command = "command=sh&command=-c";
for (const [query, expected] of [
  [`${command}&stdout=true&stderr=true`, { stdin: false, stdout: true, stderr: true, tty: false }],
  [`${command}&input=1&output=1&error=1`, { stdin: true, stdout: true, stderr: true, tty: false }],
  [`${command}&stdin=1&stdout=1&stderr=1&tty=1`, { stdin: true, stdout: true, stderr: false, tty: true }],
] as const)
  test(`exec ${query}`, () => {
    assert.deepEqual(parseExec(new URLSearchParams(query)), { command: ["sh", "-c"], ...expected });
  });

for (const [query, message] of [
  ["stdout=1", /at least 1 command/],
  ["command=&stdout=1", /at least 1 command/],
  ["command=ls", /at least 1 of stdin/],
  ["command=a%00b&stdout=1", /NUL/],
] as const)
  test(`refuses exec ${query}`, () => {
    assert.throws(() => parseExec(new URLSearchParams(query)), message);
  });

for (const [text, expected] of [
  ['{"Width":80,"Height":24}', { columns: 80, rows: 24 }],
  ['{"Width":-1,"Height":24}', undefined],
  ['{"Width":70000,"Height":24}', undefined],
  ['{"Width":"80","Height":24}', undefined],
  ["null", undefined],
  ["{", undefined],
] as const)
  test(`resize ${text}`, () => {
    assert.deepEqual(parseResize(Buffer.from(text)), expected);
  });

test("an exit status is told as kubectl reads it", () => {
  assert.equal(exitStatus(0).status, "Success");
  const failed = exitStatus(3);
  assert.equal(failed.reason, "NonZeroExitCode");
  assert.deepEqual(failed.details?.causes, [{ reason: "ExitCode", message: "3" }]);
});

const now = Date.parse("2026-01-02T00:00:00Z");
for (const [query, expected] of [
  ["", {}],
  ["follow=true&timestamps=1&previous=true", { follow: true, timestamps: true, previous: true }],
  ["tailLines=0&limitBytes=9", { tailLines: 0, limitBytes: 9 }],
  ["sinceSeconds=60", { since: now - 60_000 }],
  ["sinceTime=2026-01-01T00:00:00Z", { since: now - 86_400_000 }],
] as const)
  test(`logs ?${query}`, () => {
    const defaults = {
      follow: false,
      previous: false,
      timestamps: false,
      tailLines: undefined,
      limitBytes: undefined,
      since: undefined,
    };
    assert.deepEqual(parseLogOptions(new URLSearchParams(query), now), { ...defaults, ...expected });
  });

for (const query of [
  "tailLines=-1",
  "tailLines=1.5",
  "tailLines=x",
  "limitBytes=0",
  "sinceSeconds=0",
  "sinceTime=yesterday",
  "sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z",
])
  test(`refuses logs ?${query}`, () => {
    assert.throws(() => parseLogOptions(new URLSearchParams(query), now), /integer|RFC 3339|at most one/);
  });

/** What a person gets who types a command that is not there, or only a part of one. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

function fairway(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
}

// The later ones are properties of every object.
for (const name of ["upp", "constructor", "__proto__"])
  test(`${name} is no command: the commands are listed on stderr`, () => {
    const { status, stdout, stderr } = fairway(name);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, new RegExp(`^fairway: unknown command "${name}"\n\nUsage: fairway COMMAND`));
    assert.doesNotMatch(stderr, /\n\s+at /);
  });

test("a command that is only half of one says what can follow", () => {
  const { status, stdout, stderr } = fairway("node");
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /^Usage: fairway node [\s\S]*proxy-mode/);
});

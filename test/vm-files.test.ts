/** What the virtual machine runs test files with (scripts/vm/tests.js): a process that a signal ends says so, and what a test reported stays. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const runner = fileURLToPath(new URL("../scripts/vm/tests.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "vm-files-"));
after(() => rmSync(directory, { recursive: true }));

/** Runs a test file of these statements, which know how often it was `begun`, this time included. */
function runFile(statements: string): { status: number | null; output: string } {
  const [file, notes] = [join(directory, "one.test.js"), join(directory, "notes")];
  rmSync(notes, { force: true });
  const begin = `import { appendFileSync, readFileSync } from "node:fs"; import { test } from "node:test";
appendFileSync(${JSON.stringify(notes)}, "x"); const begun = readFileSync(${JSON.stringify(notes)}).length;
const die = () => process.kill(process.pid, "SIGKILL");\n`;
  writeFileSync(file, begin + statements);
  // This file's own runner would otherwise take the reports for its own.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [runner, file], { encoding: "utf8", env });
  return { status, output: stdout };
}

test("a process that a signal ended before its first test is run once more, and said loudly", () => {
  const { status, output } = runFile('if (begun === 1) die(); test("it", () => {});');
  assert.equal(status, 0, output);
  assert.match(output, /^vm: WARNING: .*one\.test\.js was ended by SIGKILL before .*once more$/m);
  assert.match(runFile("die();").output, /^vm: FAILED: .*one\.test\.js$/m);
});

test("nothing else is run again", () => {
  for (const statements of [
    'test("it", () => { throw new Error("no"); });',
    'test("it", () => { throw new Error("no"); }); test("then", () => new Promise(() => setTimeout(die, 500)));',
    "process.exit(3);",
  ]) {
    const { status, output } = runFile(statements);
    assert.equal(status, 1, output);
    assert.doesNotMatch(output, /WARNING/);
  }
});

// What the virtual machine runs: test files, each in a process of its own. Inside: `node scripts/vm/tests.js FILE-OR-PATTERN…`
import { globSync } from "node:fs";
import { basename } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

/** Has the kernel load its modules: nothing runs beside it, so that nobody meets one that is half there. */
const alone = "ipvs.test.ts";
const atATime = 2;

/**
 * Runs one file and tells what its tests report. `reported`: whether a test of it came to its end; `end`: how the process ended when not by its tests.
 * @param {string} file
 * @returns {Promise<{ passed: boolean, reported: boolean, end?: { exitCode: number | null, signal: string | null } }>}
 */
async function runFile(file) {
  const events = run({ files: [file], execArgv: ["--test-force-exit"] });
  const result = { passed: true, reported: false };
  events.on("test:pass", () => {
    result.reported = true;
  });
  events.on("test:fail", ({ details: { error } }) => {
    result.passed = false;
    if (error.exitCode === undefined) result.reported = true;
    else result.end = { exitCode: error.exitCode, signal: error.signal };
  });
  for await (const part of events.compose(spec)) writeOf(file, String(part));
  if (result.end !== undefined)
    say(
      `${file} ${result.end.signal ? `was ended by ${result.end.signal}` : `left with status ${result.end.exitCode}`}`,
    );
  return result;
}

let written = "";
/** What is told of files that run beside each other comes as it comes, each time below the name of its file. */
function writeOf(file, text) {
  if (file !== written) process.stdout.write(`${file}\n`);
  written = file;
  process.stdout.write(text);
}

/**
 * A process that a signal ended before any test of it came to its end: that is the emulated processor's or the machine's fault until it
 * happens twice. Whatever a test has reported stays as it is.
 */
async function passes(file) {
  const { passed, reported, end } = await runFile(file);
  if (passed || reported || !end?.signal) return passed;
  say(`WARNING: ${file} was ended by ${end.signal} before any of its tests was; running it once more`);
  return (await runFile(file)).passed;
}

function say(text) {
  process.stdout.write(`vm: ${text}\n`);
}

const files = process.argv
  .slice(2)
  .flatMap((pattern) => globSync(pattern))
  .sort();
if (files.length === 0) say("no test file of this name");
const failed = files.length === 0 ? ["nothing to run"] : [];
const take = async (queue) => {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) if (!(await passes(file))) failed.push(file);
};
await take(files.filter((file) => basename(file) === alone));
const together = files.filter((file) => basename(file) !== alone);
await Promise.all(Array.from({ length: atATime }, () => take(together)));
if (failed.length > 0) say(`FAILED: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { run } from "./linux/command.ts";

/** `unused` is compiled in no run. */
const code = (word: string) => `
function said() { return ${JSON.stringify(word)}; }
function unused() { return ${JSON.stringify("x".repeat(100))}; }
exports.word = () => said();
exports.place = () => [__dirname, __filename, typeof require("node:os").hostname, typeof unused];
`;

const bundle = (word: string) => `${code(word)}\n// sha256 ${createHash("sha256").update(word).digest("hex")}\n`;

describe("kept code", () => {
  let directory: string;
  let cache: string;
  const file = () => join(directory, "words.cjs");

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "fairway-code-"));
    cache = join(directory, "cache");
    await writeFile(file(), bundle("one"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** Runs an expression of the bundle in a process of its own, as dist/main.cjs would. */
  async function evaluate(expression: string): Promise<unknown> {
    const script = `
      import { createRequire } from "node:module";
      import { keepCompiledCode } from ${JSON.stringify(new URL("code-cache.ts", import.meta.url).href)};
      keepCompiledCode(${JSON.stringify(directory)}, ${JSON.stringify(cache)});
      const words = createRequire(${JSON.stringify(file())})("./words.cjs");
      process.stdout.write(JSON.stringify(${expression}));`;
    return JSON.parse(await run(process.execPath, ["--input-type=module", "-e", script]));
  }
  const names = () => readdir(cache).then((found) => found.sort());

  test("is what a run compiled, and serves the next", async () => {
    assert.equal(await evaluate("words.word()"), "one");
    const [name = ""] = await names();
    assert.match(name, /^words-[0-9a-f]{64}$/);
    const kept = await readFile(join(cache, name));
    assert.equal(await evaluate("words.word()"), "one");
    assert.deepEqual(await readFile(join(cache, name)), kept, "it was used, not made again");
  });

  test("leaves a bundle what every CommonJS file has", async () => {
    assert.deepEqual(await evaluate("words.place()"), [directory, file(), "function", "function"]);
  });

  test("is never that of another text, though of the same length and time", async () => {
    const time = new Date(0);
    await utimes(file(), time, time);
    await evaluate("words.word()");
    await writeFile(file(), bundle("two"));
    await utimes(file(), time, time);
    assert.equal(await evaluate("words.word()"), "two");
    assert.equal((await names()).length, 2);
  });

  test("is not that of a run which changed the flags of V8: the next one could not use it", async () => {
    await evaluate("(process.getBuiltinModule('v8').setFlagsFromString('--semi-space-growth-factor=1'), words.word())");
    await assert.rejects(names(), { code: "ENOENT" });
  });

  test("is not asked for by a bundle that does not tell what it is", async () => {
    await writeFile(file(), code("one"));
    await assert.rejects(evaluate("words.word()"), /words\.cjs does not end with its hash/);
  });

  test("is made again when it is damaged", async () => {
    await evaluate("words.word()");
    const [name = ""] = await names();
    const whole = (await readFile(join(cache, name))).length;
    await truncate(join(cache, name), 100);
    assert.equal(await evaluate("words.word()"), "one");
    assert.equal((await readFile(join(cache, name))).length, whole);
    assert.deepEqual(await names(), [name], "no draft is left");
  });

  test("is done without where it cannot be written", async () => {
    await writeFile(cache, "no directory");
    assert.equal(await evaluate("words.word()"), "one");
  });
});

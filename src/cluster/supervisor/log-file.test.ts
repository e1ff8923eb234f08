import assert from "node:assert/strict";
import { mkdtemp, open, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { LogFile } from "./log-file.ts";

describe("a log", () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "fairway-log-"));
    path = join(directory, "log", "agent.log");
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test("is its owner's only and goes on where it was", async () => {
    for (const line of ["one", "two"]) {
      const log = await LogFile.open(path);
      await log.append(line);
      await log.close();
    }
    assert.equal(await readFile(path, "utf8"), "one\ntwo\n");
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  test("that has grown too large keeps its last whole lines, and its writer goes on at the new end", async () => {
    const log = await LogFile.open(path);
    // As a child process has it: a descriptor of its own, opened for appending.
    const writer = await open(path, "a");
    for (let number = 0; number < 100; number += 1) await writer.appendFile(`line ${number}\n`);
    await log.trim(10_000, 50);
    assert.equal((await readFile(path, "utf8")).split("\n").length, 101, "small enough: nothing is cut");
    await log.trim(500, 50);
    await writer.appendFile("after\n");
    const lines = (await readFile(path, "utf8")).split("\n");
    assert.deepEqual(lines, ["line 94", "line 95", "line 96", "line 97", "line 98", "line 99", "after", ""]);
    await writer.close();
    await log.close();
  });
});

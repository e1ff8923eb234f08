import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { LogFile } from "./log-file.ts";

describe("LogFile", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "fairway-log-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it("keeps lines in order, one line each", async () => {
    const path = join(directory, "order");
    const log = new LogFile(path);
    for (let index = 0; index < 100; index += 1) {
      log.write(`line ${index}\nforged`);
      if (index % 30 === 0) void log.flush();
    }
    await log.flush();
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    assert.deepEqual(
      lines,
      Array.from({ length: 100 }, (_, index) => `line ${index}\\nforged`),
    );
  });

  it("counts what comes faster than it writes", async () => {
    const path = join(directory, "fast");
    const log = new LogFile(path);
    for (let index = 0; index < 2000; index += 1) log.write("x".repeat(99));
    await log.flush();
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    const lost = Number(/^\((\d+) log lines lost/.exec(lines.at(-1) ?? "")?.[1]);
    assert.equal(lines.length - 1 + lost, 2000);
    assert.ok(lost > 0);
  });

  it("begins a new file when one is full", async () => {
    const path = join(directory, "full");
    const log = new LogFile(path);
    for (let round = 0; round < 20; round += 1) {
      for (let index = 0; index < 60; index += 1) log.write(`${round} ${"x".repeat(1000)}`);
      await log.flush();
    }
    const before = (await readFile(`${path}.1`, "utf8")).trimEnd().split("\n");
    const now = (await readFile(path, "utf8")).trimEnd().split("\n");
    assert.equal(before.length + now.length, 20 * 60);
    assert.ok(before[0]?.startsWith("0 ") && now.at(-1)?.startsWith("19 "));
  });

  it("goes on when its directory is gone", async () => {
    const log = new LogFile(join(directory, "missing", "log"));
    log.write("x");
    await log.flush();
    await assert.rejects(readFile(join(directory, "missing", "log")), { code: "ENOENT" });
  });
});

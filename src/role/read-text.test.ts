import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readText } from "./read-text.ts";

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "read-text-"));
});
after(() => rm(directory, { recursive: true }));

test("a file is read up to its bound, and no further", async () => {
  const file = join(directory, "file");
  await writeFile(file, "é".repeat(50_000));
  assert.equal(await readText(file, 100_000), "é".repeat(50_000));
  await assert.rejects(readText(file, 99_999), { message: `${file} holds more than 99999 bytes` });
  await assert.rejects(readText("/dev/zero", 1 << 20), { message: "/dev/zero holds more than 1048576 bytes" });
});

test("a pipe is read to its end; what is no file is told", async () => {
  const pipe = join(directory, "pipe");
  execFileSync("mkfifo", [pipe]);
  const written = writeFile(pipe, "text");
  assert.equal(await readText(pipe, 10), "text");
  await written;
  await assert.rejects(readText(directory, 10), { code: "EISDIR" });
  await assert.rejects(readText(join(directory, "none"), 10), { code: "ENOENT" });
});

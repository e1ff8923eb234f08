import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";

/** What a program reads that is started by one which has completed its standard input: at most 20 bytes, in two writes. */
const script = `
import { spawnSync } from "node:child_process";
import { completeStandardInput } from ${JSON.stringify(new URL("standard-input.ts", import.meta.url).href)};
await completeStandardInput(process.argv[1], 20);
spawnSync("cat", { stdio: "inherit" });`;

describe("standard input that was completed", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "fairway-stdin-"));
  });
  after(() => rm(directory, { recursive: true }));

  async function pass(...parts: string[]) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, directory], { stdio: "pipe" });
    const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
    for (const part of parts) await new Promise((resolve) => child.stdin.write(part, resolve));
    child.stdin.end();
    return outputs;
  }

  test("is there for who is started then, from its beginning, and has no name", async () => {
    assert.deepEqual(await pass("first, ", "second"), ["first, second", ""]);
    assert.deepEqual(await pass(), ["", ""]);
    assert.deepEqual(await readdir(directory), []);
  });

  test("is refused when there is more than is wanted", async () => {
    const [out, err] = await pass("0123456789", "0123456789", "0");
    assert.equal(out, "");
    assert.match(err, /Error: standard input is larger than 20 bytes/);
  });
});

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { VolumeFiles } from "./projection.ts";
import { writeVolume } from "./volume-files.ts";

function files(content: Record<string, string>): VolumeFiles {
  return new Map(Object.entries(content).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o640 }]));
}

test("files appear, change all at once, and disappear; the same content changes nothing", async () => {
  const directory = await mkdtemp(join(tmpdir(), "fairway-volume-"));
  const read = (name: string) => readFile(join(directory, name), "utf8");
  const data = () => readlink(join(directory, "..data"));
  try {
    await writeVolume(directory, files({ a: "1", "sub/b": "2" }));
    assert.equal(await read("a"), "1");
    assert.equal(await read("sub/b"), "2");
    assert.equal((await stat(join(directory, "a"))).mode & 0o777, 0o640);
    const first = await data();
    await writeVolume(directory, files({ a: "1", "sub/b": "2" }));
    assert.equal(await data(), first);
    await writeVolume(directory, files({ a: "new", c: "3" }));
    assert.notEqual(await data(), first);
    assert.equal(await read("a"), "new");
    assert.deepEqual((await readdir(directory)).filter((name) => !name.startsWith("..")).sort(), ["a", "c"]);
    assert.equal((await readdir(directory)).length, 4, "the old content is gone");
  } finally {
    await rm(directory, { recursive: true });
  }
});

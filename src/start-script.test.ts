/** What bin/fairway runs: what was built, or the sources. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";

let directory: string;
before(() => {
  directory = mkdtempSync(join(tmpdir(), "start-script-"));
  // What the script itself needs, but no find.
  for (const program of ["sh", "dirname", "readlink"]) {
    const { stdout } = spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" });
    mkdirSync(join(directory, "programs"), { recursive: true });
    symlinkSync(stdout.trim(), join(directory, "programs", program));
  }
});
after(() => rmSync(directory, { recursive: true }));

/** Files by their age in seconds, and a Node that says what it is to run. Returns that, relative to the root. */
function started(name: string, ages: Record<string, number>, path = process.env.PATH): string {
  const root = join(directory, name);
  const node = join(root, `node_modules/node-linux-${process.arch}/bin/node`);
  const script = join(root, "bin/fairway");
  const now = Date.now() / 1000;
  for (const file of [node, script, ...Object.keys(ages).map((file) => join(root, file))]) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '#!/bin/sh\necho "$@"\n');
  }
  copyFileSync(join(import.meta.dirname, "../bin/fairway"), script);
  for (const file of [node, script]) chmodSync(file, 0o755);
  // A folder is as old as the last thing that was put into it.
  for (const [file, age] of Object.entries({ src: 100, ...ages }))
    if (file !== "src" || "src/main.ts" in ages) utimesSync(join(root, file), now - age, now - age);
  const { stdout, stderr } = spawnSync(script, ["up"], { encoding: "utf8", env: { PATH: path } });
  assert.equal(stderr, "");
  return stdout.trim().replace(`${root}/`, "");
}

const checkout = { "src/main.ts": 30, "package-lock.json": 30 };

test("what was built, when it is newer than the sources", () => {
  assert.equal(started("built", { ...checkout, "dist/main.cjs": 20 }), "dist/main.cjs up");
});

test("the sources, when one is newer than what was built, or nothing was", () => {
  assert.equal(started("old", { ...checkout, "dist/main.cjs": 40 }), "src/main.ts up");
  assert.equal(started("unbuilt", checkout), "src/main.ts up");
});

test("without find: the sources in a checkout, and what was built where there are none", () => {
  const path = join(directory, "programs");
  assert.equal(started("no-find", { ...checkout, "dist/main.cjs": 20 }, path), "src/main.ts up");
  assert.equal(started("packaged", { "dist/main.cjs": 20 }, path), "dist/main.cjs up");
});

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { podPaths } from "./node-paths.ts";
import { ensureTemplate } from "./template.ts";

test("a template that does not come up says why at once, instead of being waited for", async () => {
  const directory = await mkdtemp(join(tmpdir(), "fairway-template-"));
  try {
    await assert.rejects(
      ensureTemplate(podPaths(join(directory, "missing"))),
      /cannot make the mount namespace.*: .*mkfifo/,
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});

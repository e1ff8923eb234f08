import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { quote, runScript } from "./script.ts";

test("property: the shell reads a quoted word as it was", async () => {
  const text = fc.string({ unit: "binary", maxLength: 40 }).map((value) => value.replaceAll("\0", "").toWellFormed());
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 5 }), async (words) => {
      const output = await runScript(`printf '%s\\0' ${words.map(quote).join(" ")}\n`);
      assert.deepEqual(output.split("\0").slice(0, -1), words);
    }),
    { numRuns: 40 },
  );
});

test("nothing of the agent's environment reaches a script", async () => {
  process.env.FAIRWAY_TEST_SECRET = "x";
  assert.doesNotMatch(await runScript("env\n"), /FAIRWAY_TEST_SECRET/);
  delete process.env.FAIRWAY_TEST_SECRET;
});

test("a script that does not end is killed, and that is an error", async () => {
  await assert.rejects(runScript("while :; do sleep 1; done\n", 50), /killed by SIGKILL/);
});

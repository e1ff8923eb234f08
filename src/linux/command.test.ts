import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError, run } from "./command.ts";

test("resolves to what the program writes, and gives it its input", async () => {
  assert.equal(await run("cat", [], { input: "some input" }), "some input");
  assert.equal(
    await run("sh", ["-c", 'echo "$WORD"'], { env: { ...process.env, WORD: "from outside" } }),
    "from outside\n",
  );
});

test("says what failed, and how", async () => {
  const cases: [args: string[], code: number | null, message: RegExp][] = [
    [["sh", "-c", "echo no such table >&2; exit 3"], 3, /^sh -c .*: no such table$/],
    [["sh", "-c", "exit 4"], 4, /: exit status 4$/],
    [["sh", "-c", "kill -9 $$"], null, /: was killed$/],
    [["sh", "-c", "exec head -c 300000000 /dev/zero"], null, /: wrote more than 268435456 bytes$/],
    [["no-such-program"], null, /no-such-program.*ENOENT/],
  ];
  for (const [[program = "", ...args], code, message] of cases)
    await assert.rejects(run(program, args), (error) => {
      assert.ok(error instanceof CommandError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
});

test("a program that does not end is killed", async () => {
  await assert.rejects(run("sleep", ["60"], { timeout: 50 }), /was killed/);
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { startProgram } from "./program.ts";

/** What a program writes, and how it ends. */
async function outcome(...[program, args, options]: Parameters<typeof startProgram>) {
  const child = await startProgram(program, args, options);
  const texts = [child.stdout, child.stderr].map((stream) => stream.setEncoding("utf8").toArray());
  const ending = await child.ended;
  const [stdout, stderr] = (await Promise.all(texts)).map((parts) => parts.join(""));
  return { ...ending, stdout, stderr };
}

describe("a program", () => {
  test("gets its input, its environment and nothing else, and tells how it ended", async () => {
    const script = 'cat; echo "$WORD" >&2; exit 7';
    assert.deepEqual(await outcome("/bin/sh", ["-c", script], { input: "a\0b", env: { WORD: "one" } }), {
      code: 7,
      signal: null,
      stdout: "a\0b",
      stderr: "one\n",
    });
    assert.match((await outcome("sh", ["-c", "kill -9 $$"])).signal ?? "", /^SIGKILL$/);
    assert.equal((await outcome("cat", [])).stdout, "");
  });

  test("holds no descriptor of ours, and ignores and blocks no signal", async () => {
    const list = ["-c", "ls /proc/self/fd"];
    // What we were given ourselves is handed on by either.
    assert.equal((await outcome("sh", list)).stdout, spawnSync("sh", list, { encoding: "utf8" }).stdout);
    const { stdout = "" } = await outcome("cat", ["/proc/self/status"]);
    for (const kind of ["SigBlk", "SigIgn"]) assert.match(stdout, new RegExp(`^${kind}:\\s+0+$`, "m"));
  });

  test("leads a session of its own when that is wanted", async () => {
    const session = ["-c", 'read -r pid _ _ _ _ session _ </proc/self/stat; [ "$pid" = "$session" ]'];
    assert.equal((await outcome("sh", session, { newSession: true })).code, 0);
    assert.equal((await outcome("sh", session)).code, 1);
  });

  test("that closes its outputs and goes on is waited for, and that is killed is not", async () => {
    assert.equal((await outcome("sh", ["-c", "exec >&- 2>&-; sleep 0.2; exit 3"])).code, 3);
    const child = await startProgram("sh", ["-c", "sleep 60 & echo; wait"], { newSession: true });
    await once(child.stdout, "data");
    child.kill();
    assert.equal((await child.ended).signal, "SIGKILL");
    // What it had started is of its session still.
    process.kill(-child.pid, "SIGKILL");
  });

  test("that is not there leaves neither descriptors nor children", async () => {
    await outcome("true", []);
    const children = () => readFileSync("/proc/thread-self/children", "utf8");
    const before = [readdirSync("/proc/self/fd").length, children()];
    await assert.rejects(startProgram("no-such-program", []), { code: "ENOENT" });
    await assert.rejects(startProgram("/dev/null", [], { input: "x" }), { code: "EACCES" });
    await assert.rejects(startProgram("echo", ["a\0b"]), /NUL/);
    await outcome("true", [], { input: "not read" });
    assert.deepEqual([readdirSync("/proc/self/fd").length, children()], before);
  });
});

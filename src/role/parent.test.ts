import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { parseNotice, successorVariable } from "./parent.ts";

/** A process that waits for its turn and then serves; with `failing` it ends before its turn comes. */
const program = `
const { succession, tellParent } = await import(${JSON.stringify(new URL("parent.ts", import.meta.url).href)});
if (process.argv[1] === "failing") {
  void succession()?.();
  tellParent({ is: "failing", reason: "no module\\nstack" });
  process.exitCode = 1;
} else {
  // A proxy waits with open connections.
  const alive = setInterval(() => {}, 1000);
  await succession()?.();
  clearInterval(alive);
  tellParent({ is: "serving" });
}`;

function start(isSuccessor: boolean, ...args: string[]) {
  const child = fork("--input-type=module", ["--eval", program, "--", ...args], {
    env: { ...process.env, [successorVariable]: isSuccessor ? "1" : "" },
    execArgv: [],
  });
  const heard: unknown[] = [];
  child.on("message", (message) => heard.push(parseNotice(message)));
  return { child, heard, ended: once(child, "close") };
}

describe("what a process tells its parent", () => {
  test("a successor waits until it is told to take over", async () => {
    const { child, heard, ended } = start(true);
    await once(child, "message");
    assert.deepEqual(heard, [{ is: "prepared" }]);
    child.send({ is: "gone" });
    await ended;
    assert.deepEqual(heard, [{ is: "prepared" }, { is: "serving" }]);
  });
  test("who is no successor waits for nobody", async () => {
    const { heard, ended } = start(false);
    await ended;
    assert.deepEqual(heard, [{ is: "serving" }]);
  });
  test("a successor that fails ends, and its reason has come before it is gone", async () => {
    const { heard, ended } = start(true, "failing");
    assert.deepEqual(await ended, [1, null]);
    assert.deepEqual(heard, [{ is: "prepared" }, { is: "failing", reason: "no module" }]);
  });

  for (const message of [undefined, null, 1, "prepared", {}, { is: "other" }, { is: "failing" }])
    test(`${JSON.stringify(message)} says nothing`, () => assert.equal(parseNotice(message), undefined));
  test("a reason is a line of bounded length", () => {
    const notice = parseNotice({ is: "failing", reason: "x".repeat(10_000) });
    assert.ok(notice?.is === "failing" && notice.reason.length === 500);
  });
});

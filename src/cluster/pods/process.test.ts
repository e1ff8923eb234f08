import assert from "node:assert/strict";
import { test } from "node:test";
import { isContainerProcess, isFirstBelow } from "./process.ts";

const status = (state: string, ids: string) => `Name:\tsh\nState:\t${state} (x)\nPid:\t41\nNSpid:\t${ids}\n`;
for (const [text, expected] of [
  [status("S", "41\t1"), true],
  [status("R", "41\t7\t1"), true],
  [status("S", "41"), false],
  [status("S", "41\t2"), false],
  [status("Z", "41\t1"), false],
  ["", false],
] as const)
  test(`${JSON.stringify(text.slice(8))} ${expected ? "is" : "is not"} a container's first process`, () => {
    assert.equal(isFirstBelow(text), expected);
  });

test("neither this process nor one that is gone is a container", async () => {
  assert.equal(await isContainerProcess(process.pid), false);
  assert.equal(await isContainerProcess(2 ** 22 + 1), false);
});

import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { hardwareAddress } from "./fabric.ts";
import { roleOf } from "./memory.ts";
import { partEnvironment } from "./process.ts";
import { reserve } from "./reservation.ts";
import { nodeNames } from "./supervisor.ts";
import { missingTools, requiredTools } from "./tools.ts";

describe("names of nodes", () => {
  const cases: [wanted: number, remembered: string[], names: string[]][] = [
    [3, [], ["node1", "node2", "node3"]],
    [2, ["node2", "other"], ["node2", "other"]],
    [3, ["node2"], ["node2", "node1", "node3"]],
    [1, ["node5", "node6"], ["node5"]],
  ];
  for (const [wanted, remembered, names] of cases)
    test(`${wanted} after ${remembered.join(", ") || "none"}`, () =>
      assert.deepEqual(nodeNames(wanted, remembered), names));
});

test("a hardware address is unicast, locally administered, and the IPv4 address can be read in it", () => {
  assert.equal(hardwareAddress("198.18.0.10"), "02:00:c6:12:00:0a");
});

describe("the role of a process", () => {
  const cases: [command: string, role: string][] = [
    ["/a/bin/node /b/src/main.ts agent --node node1", "agent"],
    ["/a/bin/node /b/dist/main.cjs proxy", "proxy"],
    ["/a/bin/node /b/app.js agent", "other"],
    ["sh -c x main.ts agent", "other"],
    ["", "other"],
  ];
  for (const [command, role] of cases)
    test(`of "${command}" is ${role}`, () => assert.equal(roleOf(command.split(" ")), role));
});

test("parts inherit no more of the environment than they need", () => {
  const env = { PATH: "/bin", HOME: "/home/a", FAIRWAY_LOG_LEVEL: "debug", AWS_SECRET: "x", NODE_OPTIONS: "--inspect" };
  // Where compiled code is kept is this process's own to say, if it keeps any.
  const { NODE_COMPILE_CACHE: _, ...inherited } = partEnvironment(env);
  assert.deepEqual(inherited, { PATH: "/bin", HOME: "/home/a", FAIRWAY_LOG_LEVEL: "debug" });
  const empty = partEnvironment({});
  assert.match(empty.PATH ?? "", /\/usr\/sbin/);
  assert.equal(empty.HOME, "/root");
});

test("a name is had by one at a time", async () => {
  const name = `test-${process.pid}`;
  const giveBack = await reserve(name);
  assert.ok(giveBack);
  assert.equal(await reserve(name), undefined);
  const other = await reserve(`${name}-other`);
  giveBack();
  const again = await reserve(name);
  assert.ok(again && other);
  other();
  again();
});

test("tools that are missing are told with their packages; a file that cannot be run is no tool", async () => {
  const directory = await mkdtemp(join(tmpdir(), "fairway-tools-"));
  try {
    for (const name of ["ip", "mount"]) await writeFile(join(directory, name), "");
    await chmod(join(directory, "ip"), 0o755);
    const missing = await missingTools({ ip: "iproute2", mount: "mount" }, `/nonexistent:${directory}`);
    assert.deepEqual(missing, [{ tool: "mount", package: "mount" }]);
    assert.equal((await missingTools(requiredTools, "")).length, Object.keys(requiredTools).length);
  } finally {
    await rm(directory, { recursive: true });
  }
});

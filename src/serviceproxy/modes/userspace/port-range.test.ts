import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelPorts, PortRange } from "./port-range.ts";

const used = (ports: Set<number>) => async (port: number) => {
  if (ports.has(port)) throw Object.assign(new Error("in use"), { code: "EADDRINUSE" });
  ports.add(port);
  return port;
};

test("the kernel's own range has ports in it", async () => {
  const [first, last] = await kernelPorts();
  assert.ok(first > 0 && first < last && last < 65_536);
});

test("every free port of the range is found, once; then it says that there is none", async () => {
  const range = new PortRange([100, 103], () => 0.6);
  const ports = new Set([101]);
  const opened = [await range.open(used(ports)), await range.open(used(ports)), await range.open(used(ports))];
  assert.deepEqual(opened, [102, 103, 100]);
  await assert.rejects(range.open(used(ports)), /all ports from 100 to 103 are in use/);
});

test("another failure is not tried elsewhere", async () => {
  const range = new PortRange([100, 103]);
  let calls = 0;
  const fail = async () => {
    calls += 1;
    throw Object.assign(new Error("no"), { code: "EACCES" });
  };
  await assert.rejects(range.open(fail), /no/);
  assert.equal(calls, 1);
});

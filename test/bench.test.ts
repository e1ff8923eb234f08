/** `npm run bench -- proxy` measures what it says, in every part, without looking at how fast anything is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Report } from "../bench/proxy/report.ts";
import { missingTools } from "../bench/proxy/traffic.ts";
import { type CommandError, run } from "../src/linux/command.ts";

const main = fileURLToPath(new URL("../bench/main.ts", import.meta.url));
const command = (...args: string[]) => run(process.execPath, [main, ...args], { timeout: 240_000 });
const bench = (...args: string[]) => command("proxy", ...args);
const modes = ["iptables", "nftables", "userspace"];

const short = ["--json", "--sizes", "6x2", "--changes", "2", "--seconds", "1", "--rounds", "1"];

test("syncs in every mode, and processes", async () => {
  const { sync = [], processes } = JSON.parse(
    await bench(...short, "--parts", "sync,processes", "--modes", modes.join()),
  ) as Report;
  assert.deepEqual(
    sync.map(({ mode, figures }) => [mode, "failed" in figures ? figures.failed : figures.endpointChanged.count]),
    modes.map((mode) => [mode, 2]),
  );
  const figures = processes?.[0]?.figures ?? { failed: "none" };
  assert.ok(!("failed" in figures), JSON.stringify(figures));
  assert.deepEqual(
    figures.map(({ proxy, mode, serviceAdded }) => [proxy, mode, serviceAdded.count]),
    [
      ["fairway", "iptables", 2],
      ["fairway", "nftables", 2],
    ],
  );
});

test("traffic through a Service and beside it, or what it lacks", async () => {
  const { traffic } = JSON.parse(await bench(...short, "--parts", "traffic", "--modes", "userspace")) as Report;
  if ((await missingTools()).length > 0) {
    assert.match(JSON.stringify(traffic), /apt-get install/);
    return;
  }
  const figures = (Array.isArray(traffic) && traffic[0]?.figures) || { failed: "none" };
  assert.ok(!("failed" in figures), JSON.stringify(figures));
  for (const { connect, answer, connections, requests, stream } of Object.values(figures)) {
    assert.ok(connect.p50 > 0 && answer.p50 > connect.p50);
    // A second may be short for a busy machine.
    for (const rate of [connections, requests, stream]) assert.ok(rate >= 0, JSON.stringify(figures));
  }
});

test("a table for each part, and what is wrong with a command line", async () => {
  const table = await bench("--parts", "sync", "--modes", "nftables", "--sizes", "3x1", "--changes", "1");
  assert.match(table, /^nftables 3x1 .*\d$/m);
  assert.ok(
    table.split("\n").every((line) => line.length <= 80),
    table,
  );
  assert.match(await bench("--help"), /KUBE_PROXY_BIN/);
  for (const [args, fault] of [
    [["--sizes", "0x2"], '--sizes: "0x2" is none'],
    [["--modes", "ebpf"], '--modes: "ebpf" is none'],
    [["--rounds", "x"], '--rounds: "x" is not a number from 1 to 20'],
    [["--fast"], "--fast"],
  ] as const)
    await assert.rejects(bench(...args), (error: CommandError) => error.code === 2 && error.message.includes(fault));
});

test("help of every benchmark, instead of its run", async () => {
  for (const name of ["boot", "scale", "userspace"])
    assert.match(await command(name, "--help"), new RegExp(`^Usage: npm run bench -- ${name}\\b.*\n\nMeasures `));
  await assert.rejects(command("constructor"), (error: CommandError) => error.code === 2);
});

/** `fairway up --proxy-mode ipvs` where the kernel has IPVS: the NodePort example answers, also while its node leaves the mode and comes back. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { MachineStatus } from "../../src/cluster/supervisor/protocol.ts";
import { eventually, exampleManifest, get, startCluster, type TestCluster } from "../support/cluster.ts";
import { establish, whileAsking } from "../support/load.ts";
import { slowness } from "../support/patience.ts";

const port = 30_080;
const patience = 5_000 * slowness;

let cluster: TestCluster;
let node: MachineStatus;
let url: string;
before(async () => {
  cluster = await startCluster(
    "ipvs",
    "--nodes",
    "1",
    "--ip-family",
    "ipv4",
    "--timings",
    "kubernetes",
    "--proxy-mode",
    "ipvs",
    "-f",
    exampleManifest,
  );
  [node] = (await nodes()) as [MachineStatus];
  url = `http://${node.address}:${port}/`;
});
after(() => cluster?.stop());

const nodes = async () => JSON.parse(await cluster.fairway("node", "list", "--json")) as MachineStatus[];
const change = (mode: string) => cluster.fairway("node", "proxy-mode", mode, node.name);

/** The virtual servers of the node port at the node's address in /proc/net/ip_vs, each with how many real servers it has. */
async function realServers(): Promise<number[]> {
  const listed = await cluster.onNode(node.name, "cat", "/proc/net/ip_vs");
  const address = Buffer.from(node.address.split(".").map(Number)).toString("hex");
  const place = `TCP  ${address}:${port.toString(16)} `.toUpperCase();
  return listed
    .split(/^(?=\w)/m)
    .filter((server) => server.startsWith(place))
    .map((server) => server.split("\n").filter((line) => line.startsWith("  ->")).length);
}

test("the NodePort example answers by IPVS, from both Pods", async () => {
  assert.equal(node.proxyMode, "ipvs");
  const seen = new Set<string>();
  await eventually("both Pods answer", 15 * slowness, async () => {
    const { status, body } = await get(url, patience);
    assert.equal(status, 200);
    seen.add(body);
    return seen.size === 2 ? true : undefined;
  });
  assert.deepEqual(await realServers(), [2]);
});

test("leaving the mode ends what went through it; who asks later is answered", async () => {
  const older = await establish(node.address, port);
  assert.equal(await older.ask(), 200);
  const left = { from: 0, to: 0 };
  const load = await whileAsking(url, patience, async () => {
    left.from = Date.now();
    await change("nftables");
    left.to = Date.now();
    await sleep(500 * slowness);
  });
  for (const { began, what } of load.errors)
    assert.ok(began > left.from - patience && began < left.to, `${what} at ${began - left.from}`);
  assert.ok(load.answered > 5, `${load.answered} requests were answered`);
  assert.deepEqual(await realServers(), []);
  assert.equal((await get(url, patience)).status, 200);
  await assert.rejects(older.ask());
  older.close();
});

test("coming back to it no request fails, and no connection ends", async () => {
  const older = await establish(node.address, port);
  const load = await whileAsking(url, patience, async () => {
    assert.match(await change("ipvs"), /nftables -> ipvs/);
    assert.equal(await older.ask(), 200);
    await sleep(500 * slowness);
  });
  assert.deepEqual(load.errors, []);
  assert.ok(load.answered > 5, `${load.answered} requests were answered`);
  assert.equal(await older.ask(), 200);
  older.close();
  assert.deepEqual(await realServers(), [2]);
  assert.doesNotMatch(await cluster.onNode(node.name, "nft", "list", "tables"), /fairway-proxy/);
});

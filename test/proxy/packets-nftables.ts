/** Real packets between namespaces through the elements that the proxy's nftables mode wrote. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "../../src/linux/command.ts";
import { KernelTable } from "../../src/linux/nftables/kernel-table.ts";
import { TableMonitor } from "../../src/linux/nftables/monitor.ts";
import type { NftablesConfig } from "../../src/serviceproxy/modes/nftables/config.ts";
import { NftablesMode } from "../../src/serviceproxy/modes/nftables/mode.ts";
import { serviceSchema } from "../../src/serviceproxy/modes/nftables/schema.ts";
import { expandService } from "../../src/serviceproxy/testing/objects.ts";
import { addresses } from "../support/topology.ts";
import { differences } from "./differences.ts";
import { a, addSix, assertSpread, b, c, Node, web, webSlice } from "./lab.ts";
import { testSemantics, testSix } from "./semantics.ts";
import { useLab } from "./use-lab.ts";

const config: NftablesConfig = {
  family: 4,
  mark: 0x4000,
  masqueradeAll: false,
  localTraffic: { kind: "cidr", cidr: "10.32.0.0/12" },
  nodePortAddresses: [addresses.node],
  serviceCIDRs: ["10.96.0.0/12"],
};

/** A proxy's life: with a table and a monitor of its own, as a process has them. */
class NftablesNode extends Node {
  readonly kernel: KernelTable;
  readonly monitor: TableMonitor;

  constructor(own = config) {
    const kernel = new KernelTable(serviceSchema(own.family));
    const monitor = new TableMonitor(kernel.schema, kernel.port);
    super([new NftablesMode(kernel, () => own, monitor)]);
    this.kernel = kernel;
    this.monitor = monitor;
  }
  /** All elements but those that packets made, and the chains. */
  async contents(): Promise<string[]> {
    const lines: string[] = [];
    for (const set of this.kernel.schema.sets.keys())
      await this.kernel.readElements(set, (key, value = "") => lines.push(`${set} ${key} ${value}`));
    const { chains, sets } = await this.kernel.readNames();
    return [...lines, ...chains.map((name) => `chain ${name}`), ...sets.map((name) => `set ${name}`)].sort();
  }
  close(): void {
    this.kernel.close();
    this.monitor.close();
  }
}

describe("nftables", () => {
  const lab = useLab();
  let node: NftablesNode;
  before(() => {
    node = new NftablesNode();
  });
  after(() => node?.close());

  test("an empty table and an untouched kernel: nothing is written", async () => {
    await node.syncer.sync();
    assert.equal(await run("nft", ["list", "ruleset"]), "");
  });

  testSemantics({
    name: "nftables",
    lab,
    node: () => node,
    udpPort: 5001,
    differences: differences.nftables,
  });

  test("an unknown port of a cluster address is refused, an address that no Service has is dropped", async () => {
    const { client } = lab().topology.pods;
    assert.equal(await client.askTcp("10.96.0.20", 81), "ECONNREFUSED");
    assert.equal(await lab().own.askTcp("10.96.0.20", 81), "ECONNREFUSED");
    assert.equal(await client.askTcp("10.96.200.1", 80), "silence");
  });

  test("affinity ends when the endpoint goes, and only for its own clients", async () => {
    await node.set({ ...web, affinity: 600 }, webSlice(a, b, c));
    const { client, a: other } = lab().topology.pods;
    const name = async (host: typeof client) => (await host.askTcp("10.96.0.20", 80)).split(" ")[0]!;
    const [mine, theirs] = [await name(client), await name(other)];
    const rest = [a, b, c].filter((_, index) => ["a", "b", "c"][index] !== mine);
    await node.set(webSlice(...rest));
    const next = await name(client);
    assert.notEqual(next, mine);
    for (let question = 0; question < 10; question += 1) {
      assert.equal(await name(client), next);
      if (theirs !== mine) assert.equal(await name(other), theirs);
    }
    // It is the Service's, not the address's: the node port leads to the same endpoint.
    for (let question = 0; question < 10; question += 1)
      assert.equal((await client.askTcp(addresses.node, 30_080)).split(" ")[0], next);
    await node.set(web, webSlice(a, c));
    assert.ok(!(await node.contents()).some((line) => /^(chain|set) affinity-/.test(line)));
  });

  test("a new process on what an old one left writes nothing and cuts nothing", async () => {
    const { client } = lab().topology.pods;
    assert.match(await client.open("restart", "10.96.0.20", 80), /^[ac] /);
    const before = await node.contents();
    const listing = await run("nft", ["list", "table", "ip", "fairway-proxy"]);
    const next = new NftablesNode();
    await next.set(web, webSlice(a, c));
    assert.deepEqual(await next.contents(), before);
    assert.deepEqual(sorted(await run("nft", ["list", "table", "ip", "fairway-proxy"])), sorted(listing));
    assert.equal(await client.say("restart", "still"), "still");
    // And one that comes to other objects writes the difference.
    const third = new NftablesNode();
    await third.set({ ...web, itp: "Local", affinity: 10 }, webSlice(a, b));
    await third.set({ ...web }, webSlice(a, c));
    assert.deepEqual(await third.contents(), before);
    assert.equal(await client.say("restart", "again"), "again");
    node.close();
    third.close();
    node = next;
    // To the second the third was somebody else.
    assert.equal(node.monitor.isDamaged(), true);
    node.syncer.requestCheck();
    await node.syncer.sync();
  });

  for (const [what, command] of [
    ["a set is flushed", "flush map ip fairway-proxy cluster-endpoints-2"],
    ["one element is deleted", "delete element ip fairway-proxy cluster-ips { 10.96.0.20 }"],
    ["a chain is flushed", "flush chain ip fairway-proxy services"],
    ["a stranger's element comes in", "add element ip fairway-proxy cluster-ips { 10.96.9.9 }"],
    ["the table is deleted", "delete table ip fairway-proxy"],
    ["everything is flushed", "flush ruleset"],
  ] as const)
    test(`${what}: it is noticed and mended`, async () => {
      const before = await node.contents();
      const rules = await run("nft", ["list", "table", "ip", "fairway-proxy"]);
      assert.equal(node.monitor.isDamaged(), false);
      const { damages } = node.monitor;
      await run("nft", [command]);
      assert.equal(node.monitor.isDamaged(), true);
      node.syncer.requestCheck();
      await node.syncer.sync();
      assert.equal(node.monitor.isDamaged(), false);
      assert.equal(node.monitor.damages, damages + 1);
      assert.deepEqual(await node.contents(), before);
      assert.deepEqual(sorted(await run("nft", ["list", "table", "ip", "fairway-proxy"])), sorted(rules));
      await assertSpread(() => lab().topology.pods.client.askTcp("10.96.0.20", 80), ["a", "c"]);
    });

  test("changes to other tables, and its own, are nobody's damage", async () => {
    await run("nft", ["add table ip other; add chain ip other c; delete table ip other"]);
    await run("nft", ["add table ip6 fairway-proxy; delete table ip6 fairway-proxy"]);
    await node.set(webSlice(a, b));
    await node.set(webSlice(a, c));
    assert.equal(node.monitor.isDamaged(), false);
  });

  test("elements that somebody removed do not stop a change: everything is compared", async () => {
    await run("nft", ["flush map ip fairway-proxy cluster-endpoints-2"]);
    await node.set(webSlice(b));
    assert.match(await lab().topology.pods.client.askTcp("10.96.0.20", 80), /^b /);
    await node.set(webSlice(a, c));
  });

  test("an nft that crashes stops no change; only what was flushed waits for it", async () => {
    const directory = await mkdtemp(join(tmpdir(), "nft-"));
    const path = process.env.PATH;
    await writeFile(join(directory, "nft"), "#!/bin/sh\nkill -SEGV $$\n", { mode: 0o755 });
    const nft = (await run("sh", ["-c", "command -v nft"])).trim();
    process.env.PATH = `${directory}:${path}`;
    try {
      await node.set(webSlice(b));
      assert.match(await lab().topology.pods.client.askTcp("10.96.0.20", 80), /^b /);
      await run(nft, ["delete table ip fairway-proxy"]);
      node.syncer.requestCheck();
      await assert.rejects(node.syncer.sync(), /the kernel needs .*: nft -f -/);
    } finally {
      process.env.PATH = path;
      await rm(directory, { recursive: true });
    }
    await node.set(webSlice(a, c));
    await assertSpread(() => lab().topology.pods.client.askTcp("10.96.0.20", 80), ["a", "c"]);
  });

  test("a mark that somebody else set comes out as it went in", async () => {
    const rules = `add table ip others
add chain ip others before { type filter hook prerouting priority -200; }
add chain ip others behind { type filter hook postrouting priority 200; }
add counter ip others kept
add rule ip others before meta mark set 0x80000001
add rule ip others behind meta mark 0x80000001 ct status dnat tcp flags syn counter name kept
`;
    await run("nft", ["-f", "-"], { input: rules });
    await assertSpread(() => lab().topology.outside.askTcp(addresses.node, 30_080), ["a", "c"]);
    assert.doesNotMatch(await run("nft", ["list", "counter", "ip", "others", "kept"]), /packets 0 /);
    await run("nft", ["delete table ip others"]);
  });

  test("what fits into no small map goes through a chain for its number", async () => {
    const port = (index: number) => ({
      ...web,
      service: `default/many-${index}`,
      ip: `10.96.3.${index}`,
      ports: ["http/TCP 80"],
    });
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) =>
        (index % 2 === 0 ? a : b).replace(/10\.32\.0\.\d/, `10.32.3.${index}`),
      );
    const node20 = webSlice(...many(20));
    await node.set(port(1), { ...node20, slice: "default/many-1-1", of: "many-1" });
    assert.ok((await node.contents()).includes("cluster-chains 10.96.3.1 . tcp . 80 goto cluster-20"));
    await node.set({ ...webSlice(a, c), slice: "default/many-1-1", of: "many-1" });
    await assertSpread(() => lab().topology.pods.client.askTcp("10.96.3.1", 80), ["a", "c"]);
    // Twenty names for two Pods.
    await lab().topology.pods.a.ip(...many(20).map((text) => `addr add ${text.split(" ")[0]}/32 dev lo`));
    await lab().topology.pods.a.serveTcp("0.0.0.0", 8081, "many");
    await run("ip", ["route", "add", "10.32.3.0/24", "via", addresses.a, "dev", "pod-a", "onlink"]);
    await node.set({ ...node20, slice: "default/many-1-1", of: "many-1", ports: ["http/TCP 8081"] });
    for (let question = 0; question < 20; question += 1)
      assert.match(await lab().topology.pods.client.askTcp("10.96.3.1", 80), /^many /);
    node.inputs.deleteService(expandService(port(1)));
    await node.set();
  });

  describe("IPv6", () => {
    let six: NftablesNode;
    before(async () => {
      await addSix(lab());
      six = new NftablesNode({
        ...config,
        family: 6,
        localTraffic: { kind: "cidr", cidr: "fd00:32::/64" },
        nodePortAddresses: [],
        serviceCIDRs: ["fd00:96::/112"],
      });
    });
    after(async () => {
      if (six === undefined) return;
      await run("nft", ["delete table ip6 fairway-proxy"]);
      six.close();
    });
    testSix({ lab, node: () => six, udpPort: 7001, differences: differences.nftables });
    test("an address that no Service has is dropped, a port that the Service does not have is refused", async () => {
      const { client } = lab().topology.pods;
      assert.equal(await client.askTcp("fd00:96::20", 81), "ECONNREFUSED");
      assert.equal(await client.askTcp("fd00:96::99", 80), "silence");
    });
  });

  test("a cleanup leaves nothing", async () => {
    await new NftablesMode(node.kernel, () => config, node.monitor).cleanup();
    assert.equal(await run("nft", ["list", "ruleset"]), "");
  });
});

/** The lines of a listing: elements and objects come in any order. */
function sorted(listing: string): string[] {
  return listing
    .split(/[\n,]/)
    .map((line) => line.replace(/elements = \{|\}/g, "").trim())
    .sort();
}

/** Real packets between namespaces through rules that the proxy wrote, with both backends of iptables. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { before, describe, test } from "node:test";
import { run } from "../../src/linux/command.ts";
import { type Backend, findIptables, type Iptables, LockHeldError } from "../../src/linux/iptables.ts";
import { writeSysctl } from "../../src/linux/sysctl.ts";
import { cleanupOtherBackend } from "../../src/serviceproxy/modes/iptables/cleanup.ts";
import type { IptablesConfig } from "../../src/serviceproxy/modes/iptables/config.ts";
import { createIptablesMode } from "../../src/serviceproxy/modes/iptables/mode.ts";
import { planFull } from "../../src/serviceproxy/modes/iptables/plan.ts";
import { parseSave } from "../../src/serviceproxy/modes/iptables/save.ts";
import { expandService, type ShortService, type ShortSlice } from "../../src/serviceproxy/testing/objects.ts";
import { RulesModel } from "../../src/serviceproxy/testing/rules-model.ts";
import { differences } from "./differences.ts";
import { a, addSix, assertSpread, b, c, Node, web, webSlice } from "./lab.ts";
import { testSemantics, testSix } from "./semantics.ts";
import { useLab } from "./use-lab.ts";

const config: IptablesConfig = {
  family: 4,
  mark: 0x4000,
  masqueradeAll: false,
  localTraffic: { kind: "cidr", cidr: "10.32.0.0/12" },
  localhostNodePorts: true,
  randomFully: true,
  dropInvalid: true,
};

/** The proxy without an API, whose rules can be compared. */
class IptablesNode extends Node {
  readonly iptables: Iptables;
  readonly #config: IptablesConfig;

  constructor(iptables: Iptables, own = config) {
    super([createIptablesMode(iptables, () => own)]);
    this.iptables = iptables;
    this.#config = own;
  }
  /** Compares what the kernel has with what a fresh start would write, in the words of iptables-save. */
  async assertRulesAsFresh(): Promise<void> {
    const fresh = new RulesModel();
    for (const input of planFull(structuredClone(fresh.tables), this.table.rows(), this.#config)) fresh.restore(input);
    const kernel = new RulesModel();
    for (const table of ["filter", "nat", "mangle"] as const)
      kernel.tables[table] = parseSave(await this.iptables.save(table));
    for (const table of ["filter", "nat", "mangle"] as const)
      assert.deepEqual(kernel.comparable(table), fresh.comparable(table));
  }
}

const lab = useLab();
before(() => writeSysctl("net/ipv4/conf/all/route_localnet", "1"));

for (const backend of ["nft", "legacy"] as Backend[])
  describe(`iptables-${backend}`, () => {
    let iptables: Iptables;
    let node: IptablesNode;
    before(async () => {
      iptables = await findIptables(4, backend);
    });
    test("an empty table and an untouched kernel: nothing is written", async () => {
      node = new IptablesNode(iptables);
      await node.syncer.sync();
      assert.doesNotMatch(await iptables.save("nat"), /KUBE-/);
    });

    testSemantics({
      name: backend,
      lab,
      node: () => node,
      udpPort: backend === "nft" ? 5001 : 6001,
      differences: differences.iptables,
    });

    test("rules are as a fresh start would write them, and a new process finds nothing to do", async () => {
      await node.assertRulesAsFresh();
      const before = await iptables.save("nat");
      const next = new IptablesNode(iptables);
      await next.set(web, webSlice(a, c));
      await next.assertRulesAsFresh();
      assert.equal(strip(await iptables.save("nat")), strip(before));
    });

    test("a new process keeps the UDP flows whose endpoints serve, and no others", async () => {
      const dns: ShortService = { service: "default/dns", ip: "10.96.0.10", ports: ["dns/UDP 53"] };
      const slice = (...endpoints: string[]): ShortSlice => ({
        slice: "default/dns-1",
        of: "dns",
        ports: ["dns/UDP 5353"],
        endpoints,
      });
      const ask = () => lab().topology.pods.client.askUdp("10.96.0.10", 53, backend === "nft" ? 5002 : 6002);
      await node.set(dns, slice(a));
      assert.match(await ask(), /^a /);
      // A flow that was cut would go to b.
      await new IptablesNode(iptables).set(
        web,
        webSlice(a, c),
        dns,
        slice(`${a} ready=no serving=yes terminating=yes`, b),
      );
      assert.match(await ask(), /^a /);
      await new IptablesNode(iptables).set(web, webSlice(a, c), dns, slice(b));
      assert.match(await ask(), /^b /);
      // To the first process the others were somebody else.
      node.syncer.requestFull();
      node.inputs.deleteService(expandService(dns));
      await node.set();
      await node.assertRulesAsFresh();
    });

    test("rules that somebody flushed are noticed and written again", async () => {
      for (const flush of [["-F"], ["-F", "KUBE-PROXY-CANARY"]]) {
        await run(`iptables-${backend}`, ["-t", "nat", ...flush]);
        node.syncer.requestCheck();
        await node.syncer.sync();
        await node.assertRulesAsFresh();
        await assertSpread(() => lab().topology.pods.client.askTcp("10.96.0.20", 80), ["a", "c"]);
      }
    });

    test("a rule that somebody removed does not stop a change: everything is compared", async () => {
      await run(`iptables-${backend}`, ["-t", "nat", "-F", "KUBE-SERVICES"]);
      node.inputs.deleteService(expandService(web));
      await node.set();
      await node.assertRulesAsFresh();
    });

    if (backend === "legacy")
      test("a lock that somebody holds delays a write, and nothing is lost", async () => {
        await node.set(web, webSlice(a));
        const holder = spawn("flock", ["--no-fork", process.env.XTABLES_LOCKFILE!, "sh", "-c", "echo; exec sleep 600"]);
        await once(holder.stdout, "data");
        await assert.rejects(node.set(webSlice(c)), LockHeldError);
        assert.match(await lab().topology.pods.client.askTcp("10.96.0.20", 80), /^a /);
        const gone = once(holder, "exit");
        holder.kill();
        await gone;
        await node.syncer.sync();
        assert.match(await lab().topology.pods.client.askTcp("10.96.0.20", 80), /^c /);
        await node.assertRulesAsFresh();
      });

    if (backend === "nft")
      test("a rule of nft that iptables cannot read: what is there stays, nothing is written twice, and it is said", async () => {
        await node.set(web, webSlice(a));
        const chain = async (name: string) => (await iptables.list("nat", name))!.length;
        const before = await chain("PREROUTING");
        await run("nft", ["add chain ip nat other; add rule ip nat other numgen random mod 3 0 drop"]);
        const told = { name: "UnreadableTableError", message: /table ip nat: .*"nft -a list table ip nat"/ };
        node.syncer.requestFull();
        for (let i = 0; i < 2; i++) await assert.rejects(node.syncer.sync(), told);
        await assert.rejects(createIptablesMode(iptables, () => config).cleanup(), told);
        assert.equal(await chain("PREROUTING"), before);
        assert.match(await lab().topology.pods.client.askTcp("10.96.0.20", 80), /^a /);
        await run("nft", ["delete chain ip nat other"]);
        await node.set(webSlice(c));
        assert.match(await lab().topology.pods.client.askTcp("10.96.0.20", 80), /^c /);
        await node.assertRulesAsFresh();
      });

    test("what an earlier run left in the other backend goes, and this one's stays", async () => {
      const other = await findIptables(4, backend === "nft" ? "legacy" : "nft");
      await new IptablesNode(other).set(web, webSlice(a));
      assert.match(await other.save("nat"), /KUBE-SVC-/);
      await node.set(web, webSlice(c));
      await cleanupOtherBackend([iptables]);
      for (const table of ["nat", "mangle"] as const) assert.doesNotMatch(await other.save(table), /KUBE-/);
      await node.assertRulesAsFresh();
      assert.match(await lab().topology.pods.client.askTcp("10.96.0.20", 80), /^c /);
    });

    test("a cleanup leaves only kubelet's chain", async () => {
      await node.set(web, webSlice(a));
      await createIptablesMode(iptables, () => config).cleanup();
      assert.doesNotMatch(await iptables.save("nat"), /KUBE-/);
      assert.doesNotMatch(await iptables.save("mangle"), /KUBE-/);
      assert.doesNotMatch((await iptables.save("filter")).replaceAll("KUBE-FIREWALL", ""), /KUBE-/);
    });
  });

describe("ip6tables", () => {
  let node: IptablesNode;
  before(async () => {
    await addSix(lab());
    node = new IptablesNode(await findIptables(6), {
      ...config,
      family: 6,
      localTraffic: { kind: "cidr", cidr: "fd00:32::/64" },
    });
  });
  testSix({ lab, node: () => node, udpPort: 7001, differences: differences.iptables });
  test("rules are as a fresh start would write them", () => node.assertRulesAsFresh());
});

/** Without counters and dates. */
function strip(saved: string): string {
  return saved
    .split("\n")
    .filter((line) => line.startsWith("-A"))
    .sort()
    .join("\n");
}

/** Real packets between namespaces through rules that the proxy wrote, with both backends of iptables. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pino from "pino";
import { parseAddress } from "../../src/ip/address.ts";
import { run } from "../../src/linux/command.ts";
import { type Backend, findIptables, type Iptables } from "../../src/linux/iptables.ts";
import { writeSysctl } from "../../src/linux/sysctl.ts";
import { Metrics } from "../../src/role/metrics.ts";
import { ServiceInputs } from "../../src/serviceproxy/inputs.ts";
import { createProxyMetrics } from "../../src/serviceproxy/metrics.ts";
import type { IptablesConfig } from "../../src/serviceproxy/modes/iptables/config.ts";
import { createIptablesMode } from "../../src/serviceproxy/modes/iptables/mode.ts";
import { planFull } from "../../src/serviceproxy/modes/iptables/plan.ts";
import { parseSave } from "../../src/serviceproxy/modes/iptables/save.ts";
import { Syncer } from "../../src/serviceproxy/sync/syncer.ts";
import { ServiceTable } from "../../src/serviceproxy/table.ts";
import {
  expandService,
  expandSlice,
  type ShortService,
  type ShortSlice,
} from "../../src/serviceproxy/testing/objects.ts";
import { RulesModel } from "../../src/serviceproxy/testing/rules-model.ts";
import { addresses, createTopology, Host, type Topology } from "../support/topology.ts";

const config: IptablesConfig = {
  family: 4,
  mark: 0x4000,
  masqueradeAll: false,
  localTraffic: { kind: "cidr", cidr: "10.32.0.0/12" },
  localhostNodePorts: true,
  randomFully: true,
  dropInvalid: true,
};
const log = pino({ level: "silent" });

/** The proxy without an API: objects go straight in. */
class Node {
  readonly inputs: ServiceInputs;
  readonly table = new ServiceTable();
  readonly syncer: Syncer;
  readonly iptables: Iptables;

  readonly #config: IptablesConfig;

  constructor(iptables: Iptables, own = config) {
    this.iptables = iptables;
    this.#config = own;
    this.inputs = new ServiceInputs({
      nodeName: "node",
      addresses: [parseAddress(addresses.node)!],
      families: [own.family],
    });
    this.syncer = new Syncer({
      inputs: this.inputs,
      table: this.table,
      modes: [createIptablesMode(iptables, () => own)],
      metrics: createProxyMetrics(new Metrics()),
      log,
      fullSyncPeriod: 3_600_000,
    });
  }
  async set(...objects: (ShortService | ShortSlice)[]): Promise<void> {
    for (const object of objects)
      if ("service" in object) this.inputs.setService(expandService(object));
      else this.inputs.setSlice(expandSlice(object));
    await this.syncer.sync();
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

const here = "@node";
const web: ShortService = {
  service: "default/web",
  ip: "10.96.0.20",
  type: "NodePort",
  ports: ["http/TCP 80 node 30080"],
};
const webSlice = (...endpoints: string[]): ShortSlice => ({
  slice: "default/web-1",
  of: "web",
  ports: ["http/TCP 8080"],
  endpoints,
});
const a = `${addresses.a} ${here}`;
const b = `${addresses.b} ${here}`;
const c = `${addresses.c} @other`;

/** Asks until all of `names` have answered; fails when one has not after a number of questions that chance cannot explain. */
async function assertSpread(ask: () => Promise<string>, names: string[]): Promise<Set<string>> {
  const heard = new Set<string>();
  const clients = new Set<string>();
  // With two endpoints the odds that one is never chosen are 2^-59.
  for (let question = 0; question < 60 && heard.size < names.length; question += 1) {
    const [name = "", client = ""] = (await ask()).split(" ");
    heard.add(name);
    clients.add(client);
  }
  assert.deepEqual([...heard].sort(), names.toSorted());
  return clients;
}

let topology: Topology;
let own: Host;
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "proxy-"));
  process.env.XTABLES_LOCKFILE = join(directory, "xtables.lock");
  topology = await createTopology();
  own = await Host.inThisNamespace("node");
  await writeSysctl("net/ipv4/conf/all/route_localnet", "1");
  const { pods, other } = topology;
  for (const [host, address] of [
    [pods.a, addresses.a],
    [pods.b, addresses.b],
    [other, addresses.c],
  ] as const) {
    const named = host === other ? "c" : host.name;
    await host.serveTcp(address, 8080, named);
    await host.serveUdp(address, 5353, named);
  }
});
after(async () => {
  own.remove();
  topology.remove();
  await rm(directory, { recursive: true });
});

for (const backend of ["nft", "legacy"] as Backend[])
  describe(`iptables-${backend}`, () => {
    let iptables: Iptables;
    let node: Node;
    before(async () => {
      iptables = await findIptables(4, backend);
    });
    test("an empty table and an untouched kernel: nothing is written", async () => {
      node = new Node(iptables);
      await node.syncer.sync();
      assert.doesNotMatch(await iptables.save("nat"), /KUBE-/);
    });

    test("ClusterIP: from a Pod, from the node, from outside, from the other node", async () => {
      await node.set(web, webSlice(a, c));
      const { pods, outside, other } = topology;
      const kept = await assertSpread(() => pods.client.askTcp("10.96.0.20", 80), ["a", "c"]);
      assert.deepEqual([...kept], [addresses.client], "a Pod keeps its address");
      await assertSpread(() => own.askTcp("10.96.0.20", 80), ["a", "c"]);
      const masked = await assertSpread(() => outside.askTcp("10.96.0.20", 80), ["a", "c"]);
      assert.ok(!masked.has(addresses.outside), "a client from elsewhere is masqueraded");
      await other.ip(`route add 10.96.0.0/12 via ${addresses.node}`);
      await assertSpread(() => other.askTcp("10.96.0.20", 80), ["a", "c"]);
      await other.ip("route del 10.96.0.0/12");
    });

    test("NodePort: from outside, from a Pod, from the node and its localhost", async () => {
      const { pods, outside } = topology;
      const masked = await assertSpread(() => outside.askTcp(addresses.node, 30_080), ["a", "c"]);
      assert.ok(!masked.has(addresses.outside));
      await assertSpread(() => pods.client.askTcp(addresses.node, 30_080), ["a", "c"]);
      await assertSpread(() => own.askTcp(addresses.node, 30_080), ["a", "c"]);
      await assertSpread(() => own.askTcp("127.0.0.1", 30_080), ["a", "c"]);
    });

    test("a Pod that calls its own Service reaches itself too", async () => {
      const clients = await assertSpread(() => topology.pods.a.askTcp("10.96.0.20", 80), ["a", "c"]);
      assert.ok(clients.has("169.254.1.1") || clients.has(addresses.node), `masked when it is itself: ${[...clients]}`);
    });

    test("without endpoints connections are refused at once", async () => {
      await node.set(webSlice());
      const { pods, outside } = topology;
      assert.equal(await pods.client.askTcp("10.96.0.20", 80), "ECONNREFUSED");
      assert.equal(await own.askTcp("10.96.0.20", 80), "ECONNREFUSED");
      assert.equal(await outside.askTcp(addresses.node, 30_080), "ECONNREFUSED");
      await node.set(webSlice(b));
      assert.match(await pods.client.askTcp("10.96.0.20", 80), /^b /);
    });

    test("a connection lives on while endpoints come and go", async () => {
      const { client } = topology.pods;
      assert.match(await client.open(backend, "10.96.0.20", 80), /^b /);
      await node.set(webSlice(a, b, c));
      assert.equal(await client.say(backend, "one"), "one");
      await node.set(webSlice(a));
      assert.equal(await client.say(backend, "two"), "two");
      for (let question = 0; question < 5; question += 1) assert.match(await client.askTcp("10.96.0.20", 80), /^a /);
      await node.set({ ...web, ports: ["http/TCP 80 node 30081"] });
      assert.equal(await client.say(backend, "three"), "three");
      assert.equal(await topology.outside.askTcp(addresses.node, 30_080), "ECONNREFUSED", "the old port is free");
      assert.match(await topology.outside.askTcp(addresses.node, 30_081), /^a /);
      await node.set(web);
    });

    test("ClientIP affinity keeps a client with its endpoint, per client", async () => {
      await node.set({ ...web, affinity: 10_800 }, webSlice(a, b, c));
      const { pods, outside } = topology;
      for (const ask of [() => pods.client.askTcp("10.96.0.20", 80), () => outside.askTcp(addresses.node, 30_080)]) {
        const [first] = (await ask()).split(" ");
        for (let question = 0; question < 15; question += 1) assert.equal((await ask()).split(" ")[0], first);
      }
      await node.set(web);
    });

    test("externalTrafficPolicy Local keeps the client's address and this node's endpoints", async () => {
      await node.set({ ...web, etp: "Local" }, webSlice(a, c));
      const { pods, outside } = topology;
      const clients = await assertSpread(() => outside.askTcp(addresses.node, 30_080), ["a"]);
      assert.deepEqual([...clients], [addresses.outside]);
      await assertSpread(() => pods.client.askTcp(addresses.node, 30_080), ["a", "c"]);
      await assertSpread(() => own.askTcp(addresses.node, 30_080), ["a", "c"]);
      await node.set(webSlice(c));
      assert.equal(await outside.askTcp(addresses.node, 30_080), "silence", "dropped: another node has it");
      assert.match(await pods.client.askTcp(addresses.node, 30_080), /^c /);
      await node.set(web, webSlice(a, c));
    });

    test("internalTrafficPolicy Local stays on the node", async () => {
      await node.set({ ...web, itp: "Local" });
      const { client } = topology.pods;
      for (let question = 0; question < 8; question += 1) assert.match(await client.askTcp("10.96.0.20", 80), /^a /);
      await node.set(webSlice(c));
      assert.equal(await client.askTcp("10.96.0.20", 80), "silence");
      await node.set(web, webSlice(a, c));
    });

    test("external and load balancer addresses, with source ranges for the latter", async () => {
      const balanced: ShortService = {
        ...web,
        type: "LoadBalancer",
        external: ["192.0.2.7"],
        balancer: ["192.0.2.8"],
        ranges: ["203.0.113.0/24"],
      };
      await node.set(balanced);
      const { outside } = topology;
      await assertSpread(() => outside.askTcp("192.0.2.7", 80), ["a", "c"]);
      assert.equal(await outside.askTcp("192.0.2.8", 80), "silence", "not in the ranges");
      await node.set({ ...balanced, ranges: ["203.0.113.0/24", "198.18.0.0/24"] });
      await assertSpread(() => outside.askTcp("192.0.2.8", 80), ["a", "c"]);
      await node.set(web);
    });

    test("UDP: a flow leaves an endpoint that goes, and stays with one that stays", async () => {
      const dns: ShortService = {
        service: "default/dns",
        ip: "10.96.0.10",
        ports: ["dns/UDP 53 node 30053"],
        type: "NodePort",
      };
      const slice = (...endpoints: string[]): ShortSlice => ({
        slice: "default/dns-1",
        of: "dns",
        ports: ["dns/UDP 5353"],
        endpoints,
      });
      await node.set(dns, slice(a));
      const { client } = topology.pods;
      const port = backend === "nft" ? 5001 : 6001;
      assert.match(await client.askUdp("10.96.0.10", 53, port), /^a /);
      assert.match(await topology.outside.askUdp(addresses.node, 30_053, port), /^a /);
      await node.set(slice(a, b));
      for (let question = 0; question < 5; question += 1)
        assert.match(await client.askUdp("10.96.0.10", 53, port), /^a /);
      await node.set(slice(b));
      assert.match(await client.askUdp("10.96.0.10", 53, port), /^b /, "the same flow goes elsewhere");
      assert.match(await topology.outside.askUdp(addresses.node, 30_053, port), /^b /);
      await node.set(slice());
      assert.equal(await client.askUdp("10.96.0.10", 53, port), "ECONNREFUSED");
      node.inputs.deleteService(expandService(dns));
      await node.set();
    });

    test("rules are as a fresh start would write them, and a new process finds nothing to do", async () => {
      await node.assertRulesAsFresh();
      const before = await iptables.save("nat");
      const next = new Node(iptables);
      await next.set(web, webSlice(a, c));
      await next.assertRulesAsFresh();
      assert.equal(strip(await iptables.save("nat")), strip(before));
    });

    test("rules that somebody flushed are noticed and written again", async () => {
      for (const flush of [["-F"], ["-F", "KUBE-PROXY-CANARY"]]) {
        await run(`iptables-${backend}`, ["-t", "nat", ...flush]);
        node.syncer.requestCheck();
        await node.syncer.sync();
        await node.assertRulesAsFresh();
        await assertSpread(() => topology.pods.client.askTcp("10.96.0.20", 80), ["a", "c"]);
      }
    });

    test("a rule that somebody removed does not stop a change: everything is compared", async () => {
      await run(`iptables-${backend}`, ["-t", "nat", "-F", "KUBE-SERVICES"]);
      node.inputs.deleteService(expandService(web));
      await node.set();
      await node.assertRulesAsFresh();
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
  const six = { a: "fd00:32::3", b: "fd00:32::5", client: "fd00:32::9" } as const;
  const service: ShortService = { service: "default/six", ip: "fd00:96::20", ports: ["http/TCP 80", "dns/UDP 53"] };
  const slice = (...endpoints: string[]): ShortSlice => ({
    slice: "default/six-1",
    of: "six",
    type: "IPv6",
    ports: ["http/TCP 8080", "dns/UDP 5353"],
    endpoints,
  });
  let node: Node;
  before(async () => {
    for (const name of ["a", "b", "client"] as const) {
      await run("ip", ["addr", "add", "fe80::1/64", "dev", `pod-${name}`, "nodad"]);
      await run("ip", ["route", "add", `${six[name]}/128`, "dev", `pod-${name}`]);
      await topology.pods[name].ip(
        `addr add ${six[name]}/128 dev eth0 nodad`,
        "addr add fe80::2/64 dev eth0 nodad",
        "route add default via fe80::1 dev eth0",
      );
    }
    // Rules are asked only about what can be routed.
    await run("ip", ["-6", "route", "add", "default", "dev", "eth0"]);
    await writeSysctl("net/ipv6/conf/all/forwarding", "1");
    for (const name of ["a", "b"] as const) {
      await topology.pods[name].serveTcp(six[name], 8080);
      await topology.pods[name].serveUdp(six[name], 5353);
    }
    node = new Node(await findIptables(6), {
      ...config,
      family: 6,
      localTraffic: { kind: "cidr", cidr: "fd00:32::/64" },
    });
  });

  test("a Service in IPv6: TCP, hairpin, UDP, refusal", async () => {
    await node.set(service, slice(six.a, six.b));
    const { client, a: pod } = topology.pods;
    const clients = await assertSpread(() => client.askTcp("fd00:96::20", 80), ["a", "b"]);
    assert.deepEqual([...clients], [six.client]);
    await assertSpread(() => pod.askTcp("fd00:96::20", 80), ["a", "b"]);
    assert.match(await client.askUdp("fd00:96::20", 53, 7001), /^[ab] /);
    await node.set(slice(six.b));
    assert.match(await client.askUdp("fd00:96::20", 53, 7001), /^b /);
    await node.set(slice());
    assert.equal(await client.askTcp("fd00:96::20", 80), "ECONNREFUSED");
    await node.assertRulesAsFresh();
  });
});

/** Without counters and dates. */
function strip(saved: string): string {
  return saved
    .split("\n")
    .filter((line) => line.startsWith("-A"))
    .sort()
    .join("\n");
}

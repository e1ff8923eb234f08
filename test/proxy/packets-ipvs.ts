/** Real packets between namespaces through virtual servers that the proxy made. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { run } from "../../src/linux/command.ts";
import { addresses } from "../support/topology.ts";
import { differences } from "./differences.ts";
import { type OpenMode, openIpvsMode } from "./ipvs.ts";
import { a, addSix, assertSpread, b, c, Node, web, webSlice } from "./lab.ts";
import { testSemantics, testSix } from "./semantics.ts";
import { useLab } from "./use-lab.ts";

const localTraffic = { kind: "cidr", cidr: "10.32.0.0/12" } as const;

const lab = useLab();

describe("ipvs", () => {
  let opened: OpenMode;
  let node: Node;
  const ask = () => lab().topology.pods.client.askTcp("10.96.0.20", 80);
  before(async () => {
    opened = await openIpvsMode(4, { localTraffic });
    node = new Node([opened.mode]);
  });
  after(() => opened?.close());

  test("an empty table and an untouched kernel: nothing is written", async () => {
    await node.syncer.sync();
    assert.doesNotMatch(await run("iptables-save", []), /FAIRWAY/);
  });

  testSemantics({ name: "ipvs", lab, node: () => node, udpPort: 8001, differences: differences.ipvs });

  test("a port of the host that is no Service's cannot be reached through a Service's address", async () => {
    const { client } = lab().topology.pods;
    await lab().own.serveTcp("0.0.0.0", 9999, "host");
    assert.match(await client.askTcp(addresses.node, 9999), /^host /);
    assert.equal(await client.askTcp("10.96.0.20", 9999), "ECONNREFUSED");
    assert.equal(await lab().own.askTcp("10.96.0.20", 9999), "ECONNREFUSED");
  });

  test("a node outside of a balancer's source ranges does not reach its address either", async () => {
    const balanced = { ...web, type: "LoadBalancer", balancer: ["192.0.2.8"] };
    await node.set({ ...balanced, ranges: ["203.0.113.0/24"] });
    assert.equal(await lab().own.askTcp("192.0.2.8", 80), "silence");
    await node.set({ ...balanced, ranges: ["198.18.0.0/24"] });
    await assertSpread(() => lab().own.askTcp("192.0.2.8", 80), ["a", "c"]);
    await node.set(web);
  });

  test("an endpoint that the kernel does not take is left out, and everything else is served", async () => {
    await node.set(webSlice(a, "224.0.1.2", c));
    assert.ok(opened.refused.includes("endpoint 224.0.1.2:8080 of TCP 10.96.0.20:80"));
    await assertSpread(ask, ["a", "c"]);
    await node.set(webSlice(a, c));
    assert.deepEqual(node.warnings, []);
  });

  test("what somebody removed is noticed and made again", async () => {
    for (const [program, ...args] of [
      ["iptables", "-t", "nat", "-F"],
      ["ip", "link", "delete", "kube-ipvs0"],
      ["ipset", "flush", "FAIRWAY-CLUSTER"],
    ] as const) {
      await run(program, args);
      node.syncer.requestCheck();
      await node.syncer.sync();
      await assertSpread(ask, ["a", "c"]);
    }
    opened.ipvs.deleteServer({ protocol: "TCP", address: "10.96.0.20", port: 80 });
    node.syncer.requestCheck();
    await node.syncer.sync();
    await assertSpread(ask, ["a", "c"]);
  });

  test("a process that starts anew cuts no connection and changes nothing", async () => {
    const { client } = lab().topology.pods;
    await client.open("kept-ipvs", "10.96.0.20", 80);
    const rules = (await run("iptables-save", [])).replace(/^#.*$|\[\d+:\d+\]/gm, "");
    const next = await openIpvsMode(4, { localTraffic });
    await new Node([next.mode]).set(web, webSlice(a, c));
    next.close();
    assert.equal((await run("iptables-save", [])).replace(/^#.*$|\[\d+:\d+\]/gm, ""), rules);
    assert.equal(await client.say("kept-ipvs", "still"), "still");
  });

  test("an endpoint that goes keeps its connection, and is removed after it", async () => {
    const { client } = lab().topology.pods;
    const server = { protocol: "TCP", address: "10.96.0.20", port: 80 } as const;
    const listed = async () =>
      (await opened.ipvs.listRealServers(server))
        // Others may still have connections of earlier tests.
        .filter(({ address }) => address !== addresses.c)
        .map(({ address, weight }) => `${address} ${weight}`)
        .sort();
    await node.set(webSlice(a));
    assert.match(await client.open("leaving", "10.96.0.20", 80), /^a /);
    await node.set(webSlice(b));
    await opened.mode.retire();
    assert.deepEqual(await listed(), [`${addresses.a} 0`, `${addresses.b} 1`]);
    for (let question = 0; question < 4; question += 1) assert.match(await ask(), /^b /);
    assert.equal(await client.say("leaving", "still here"), "still here");
    await node.set(webSlice(a, b));
    assert.deepEqual(await listed(), [`${addresses.a} 1`, `${addresses.b} 1`]);
    await node.set(web, webSlice(a, c));
  });

  // Those that look at how many connections an endpoint has.
  const busy = ["lc", "wlc", "sed", "nq"];
  for (const scheduler of ["rr", "wrr", "sh", "dh", "mh", ...busy])
    test(`${scheduler} chooses as it is known to, and sends nobody to an endpoint that is leaving`, async () => {
      const { client } = lab().topology.pods;
      const service = { service: `default/${scheduler}`, ip: "10.96.0.40", ports: ["http/TCP 80"] };
      const slice = (...endpoints: string[]) => ({ ...webSlice(...endpoints), slice: service.service, of: scheduler });
      const next = await openIpvsMode(4, { localTraffic, scheduler });
      const own = new Node([next.mode]);
      await own.set(service, slice(a, b));
      const name = async () => (await client.askTcp("10.96.0.40", 80)).split(" ")[0];
      const names: (string | undefined)[] = [];
      for (let question = 0; question < 6; question += 1) names.push(await name());
      if (/rr$/.test(scheduler)) assert.match(names.join(), /^(a,b,a,b,a,b|b,a,b,a,b,a)$/);
      // Of one client, and of one Service, always the same.
      else if (/^[sd]h$/.test(scheduler)) assert.equal(new Set(names).size, 1);
      // The client's port counts too.
      else if (scheduler === "mh") await assertSpread(() => client.askTcp("10.96.0.40", 80), ["a", "b"]);
      if (busy.includes(scheduler)) {
        for (const held of ["one", "two", "three"]) await client.open(`${scheduler}-${held}`, "10.96.0.40", 80);
        await own.set(slice(a, b, c));
        assert.equal(await name(), "c", "it has the fewest connections");
      }
      for (const stays of [b, a]) {
        await own.set(slice(a, b));
        await own.set(slice(stays));
        for (let question = 0; question < 3; question += 1) assert.equal(await name(), stays === a ? "a" : "b");
      }
      next.close();
    });

  test("a cleanup leaves nothing", async () => {
    await opened.mode.cleanup();
    assert.doesNotMatch(await run("iptables-save", []), /FAIRWAY/);
    assert.equal(await run("ipset", ["list", "-n"]), "");
    assert.deepEqual(await opened.ipvs.listServers(), []);
    assert.doesNotMatch(await run("ip", ["link"]), /kube-ipvs0/);
  });
});

describe("ipvs, IPv6", () => {
  let opened: OpenMode;
  let node: Node;
  before(async () => {
    await addSix(lab());
    opened = await openIpvsMode(6, { localTraffic: { kind: "cidr", cidr: "fd00:32::/64" } });
    node = new Node([opened.mode]);
  });
  after(() => opened?.close());
  testSix({ lab, node: () => node, udpPort: 9001, differences: differences.ipvs });
});

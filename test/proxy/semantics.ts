/** What every mode does with packets: the same tests for all of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expandService, type ShortService, type ShortSlice } from "../../src/serviceproxy/testing/objects.ts";
import { addresses } from "../support/topology.ts";
import type { Differences } from "./differences.ts";
import { a, assertSpread, b, c, type Lab, type Node, six, web, webSlice } from "./lab.ts";

export interface SemanticsOptions {
  /** Of the mode, for names of connections. */
  name: string;
  lab: () => Lab;
  /** Its table is empty. At the end it holds `web` with the endpoints a and c. */
  node: () => Node;
  /** A client port of its own for each mode: conntrack remembers the flows of the last one. */
  udpPort: number;
  differences: Differences;
}

export function testSemantics({ name, lab, node, udpPort, differences }: SemanticsOptions): void {
  const { keepsClientAddress, localhostNodePorts, choosesByClient, staysInternal, keepsLeavingFlows } = differences;

  test("ClusterIP: from a Pod, from the node, from outside, from the other node", async () => {
    await node().set(web, webSlice(a, c));
    const { pods, outside, other } = lab().topology;
    const kept = await assertSpread(() => pods.client.askTcp("10.96.0.20", 80), ["a", "c"]);
    if (keepsClientAddress) assert.deepEqual([...kept], [addresses.client], "a Pod keeps its address");
    else assert.ok(!kept.has(addresses.client));
    await assertSpread(() => lab().own.askTcp("10.96.0.20", 80), ["a", "c"]);
    const masked = await assertSpread(() => outside.askTcp("10.96.0.20", 80), ["a", "c"]);
    assert.ok(!masked.has(addresses.outside), "a client from elsewhere is masqueraded");
    await other.ip(`route add 10.96.0.0/12 via ${addresses.node}`);
    await assertSpread(() => other.askTcp("10.96.0.20", 80), ["a", "c"]);
    await other.ip("route del 10.96.0.0/12");
  });

  test("NodePort: from outside, from a Pod, from the node and its localhost", async () => {
    const { pods, outside } = lab().topology;
    const masked = await assertSpread(() => outside.askTcp(addresses.node, 30_080), ["a", "c"]);
    assert.ok(!masked.has(addresses.outside));
    await assertSpread(() => pods.client.askTcp(addresses.node, 30_080), ["a", "c"]);
    await assertSpread(() => lab().own.askTcp(addresses.node, 30_080), ["a", "c"]);
    if (localhostNodePorts) await assertSpread(() => lab().own.askTcp("127.0.0.1", 30_080), ["a", "c"]);
  });

  test("a Pod that calls its own Service reaches itself too", async () => {
    const clients = await assertSpread(() => lab().topology.pods.a.askTcp("10.96.0.20", 80), ["a", "c"]);
    assert.ok(clients.has("169.254.1.1") || clients.has(addresses.node), `masked when it is itself: ${[...clients]}`);
  });

  test("without endpoints connections are refused at once", async () => {
    await node().set(webSlice());
    const { pods, outside } = lab().topology;
    assert.equal(await pods.client.askTcp("10.96.0.20", 80), "ECONNREFUSED");
    assert.equal(await lab().own.askTcp("10.96.0.20", 80), "ECONNREFUSED");
    assert.equal(await outside.askTcp(addresses.node, 30_080), "ECONNREFUSED");
    await node().set(webSlice(b));
    assert.match(await pods.client.askTcp("10.96.0.20", 80), /^b /);
  });

  test("a connection lives on while endpoints come and go", async () => {
    const { client } = lab().topology.pods;
    assert.match(await client.open(name, "10.96.0.20", 80), /^b /);
    await node().set(webSlice(a, b, c));
    assert.equal(await client.say(name, "one"), "one");
    await node().set(webSlice(a));
    assert.equal(await client.say(name, "two"), "two");
    for (let question = 0; question < 5; question += 1) assert.match(await client.askTcp("10.96.0.20", 80), /^a /);
    await node().set({ ...web, ports: ["http/TCP 80 node 30081"] });
    assert.equal(await client.say(name, "three"), "three");
    assert.equal(await lab().topology.outside.askTcp(addresses.node, 30_080), "ECONNREFUSED", "the old port is free");
    assert.match(await lab().topology.outside.askTcp(addresses.node, 30_081), /^a /);
    await node().set(web);
  });

  test("ClientIP affinity keeps a client with its endpoint, per client", async () => {
    await node().set({ ...web, affinity: 10_800 }, webSlice(a, b, c));
    const { pods, outside } = lab().topology;
    for (const ask of [() => pods.client.askTcp("10.96.0.20", 80), () => outside.askTcp(addresses.node, 30_080)]) {
      const [first] = (await ask()).split(" ");
      for (let question = 0; question < 15; question += 1) assert.equal((await ask()).split(" ")[0], first);
    }
    await node().set(web);
  });

  test("externalTrafficPolicy Local keeps the client's address and this node's endpoints", async () => {
    await node().set({ ...web, etp: "Local" }, webSlice(a, c));
    const { pods, outside } = lab().topology;
    const clients = await assertSpread(() => outside.askTcp(addresses.node, 30_080), ["a"]);
    if (keepsClientAddress) assert.deepEqual([...clients], [addresses.outside]);
    const anywhere = choosesByClient ? ["a", "c"] : ["a"];
    await assertSpread(() => pods.client.askTcp(addresses.node, 30_080), anywhere);
    await assertSpread(() => lab().own.askTcp(addresses.node, 30_080), anywhere);
    await node().set(webSlice(c));
    assert.equal(await outside.askTcp(addresses.node, 30_080), "silence", "dropped: another node has it");
    assert.match(await pods.client.askTcp(addresses.node, 30_080), /^c /);
    await node().set(web, webSlice(a, c));
  });

  test("internalTrafficPolicy Local stays on the node", async () => {
    await node().set({ ...web, itp: "Local" });
    const { client } = lab().topology.pods;
    for (let question = 0; question < 8; question += 1) assert.match(await client.askTcp("10.96.0.20", 80), /^a /);
    await node().set(webSlice(c));
    assert.match(await client.askTcp("10.96.0.20", 80), staysInternal ? /^silence$/ : /^c /);
    await node().set(web, webSlice(a, c));
  });

  test("external and load balancer addresses, with source ranges for the latter", async () => {
    const balanced: ShortService = {
      ...web,
      type: "LoadBalancer",
      external: ["192.0.2.7"],
      balancer: ["192.0.2.8"],
      ranges: ["203.0.113.0/24"],
    };
    await node().set(balanced);
    const { outside } = lab().topology;
    await assertSpread(() => outside.askTcp("192.0.2.7", 80), ["a", "c"]);
    assert.equal(await outside.askTcp("192.0.2.8", 80), "silence", "not in the ranges");
    await node().set({ ...balanced, ranges: ["203.0.113.0/24", "198.18.0.0/24"] });
    await assertSpread(() => outside.askTcp("192.0.2.8", 80), ["a", "c"]);
    await node().set(web);
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
    await node().set(dns, slice(a));
    const { client } = lab().topology.pods;
    const port = udpPort;
    assert.match(await client.askUdp("10.96.0.10", 53, port), /^a /);
    assert.match(await lab().topology.outside.askUdp(addresses.node, 30_053, port), /^a /);
    await node().set(slice(a, b));
    for (let question = 0; question < 5; question += 1)
      assert.match(await client.askUdp("10.96.0.10", 53, port), /^a /);
    await node().set(slice(`${a} ready=no serving=yes terminating=yes`, b));
    const during = await client.askUdp("10.96.0.10", 53, port);
    assert.match(during, keepsLeavingFlows ? /^a / : /^b /, "on its way out it serves the flows that it has");
    await node().set(slice(b));
    assert.match(await client.askUdp("10.96.0.10", 53, port), /^b /, "the same flow goes elsewhere");
    assert.match(await lab().topology.outside.askUdp(addresses.node, 30_053, port), /^b /);
    await node().set(slice());
    assert.equal(await client.askUdp("10.96.0.10", 53, port), "ECONNREFUSED");
    await node().set(slice(b));
    assert.match(await client.askUdp("10.96.0.10", 53, port), /^b /);
    node().inputs.deleteService(expandService(dns));
    await node().set();
    assert.doesNotMatch(await client.askUdp("10.96.0.10", 53, port), /^b /, "the Service is gone, its endpoint is not");
    await node().set(dns, slice(a));
    assert.match(await client.askUdp("10.96.0.10", 53, port), /^a /, "a flow that went to nobody is looked at anew");
    node().inputs.deleteService(expandService(dns));
    await node().set();
  });
}

/** IPv6, after addSix; at the end the Service has no endpoints. */
export function testSix(options: Pick<SemanticsOptions, "lab" | "node" | "udpPort" | "differences">): void {
  const { lab, node, udpPort, differences } = options;
  const service: ShortService = { service: "default/six", ip: "fd00:96::20", ports: ["http/TCP 80", "dns/UDP 53"] };
  const slice = (...endpoints: string[]): ShortSlice => ({
    slice: "default/six-1",
    of: "six",
    type: "IPv6",
    ports: ["http/TCP 8080", "dns/UDP 5353"],
    endpoints,
  });

  test("a Service in IPv6: TCP, hairpin, affinity, UDP, refusal", async () => {
    await node().set(service, slice(`${six.a} @node`, `${six.b} @node`));
    const { client, a: pod } = lab().topology.pods;
    const ask = () => client.askTcp("fd00:96::20", 80);
    const clients = await assertSpread(ask, ["a", "b"]);
    if (differences.keepsClientAddress) assert.deepEqual([...clients], [six.client]);
    await assertSpread(() => pod.askTcp("fd00:96::20", 80), ["a", "b"]);
    assert.match(await client.askUdp("fd00:96::20", 53, udpPort), /^[ab] /);
    await node().set({ ...service, affinity: 60 });
    const [first] = (await ask()).split(" ");
    for (let question = 0; question < 15; question += 1) assert.equal((await ask()).split(" ")[0], first);
    await node().set(service, slice(`${six.b} @node`));
    assert.match(await client.askUdp("fd00:96::20", 53, udpPort), /^b /);
    await node().set(slice());
    assert.equal(await ask(), "ECONNREFUSED");
  });
}

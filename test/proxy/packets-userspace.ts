/** Real packets between namespaces through the sockets of the proxy's userspace mode, in this very process. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Family } from "../../src/ip/address.ts";
import { findIptables } from "../../src/linux/iptables.ts";
import { DescriptorBudget } from "../../src/net/budget.ts";
import type { IptablesConfig } from "../../src/serviceproxy/modes/iptables/config.ts";
import { createIptablesMode } from "../../src/serviceproxy/modes/iptables/mode.ts";
import { UserspaceMode } from "../../src/serviceproxy/modes/userspace/mode.ts";
import { hasSocketAddress } from "../../src/serviceproxy/modes/userspace/node-address.ts";
import { PortRange } from "../../src/serviceproxy/modes/userspace/port-range.ts";
import { socketAddresses } from "../../src/serviceproxy/modes/userspace/redirect.ts";
import type { ServicePort } from "../../src/serviceproxy/table.ts";
import { expandService } from "../../src/serviceproxy/testing/objects.ts";
import { addresses } from "../support/topology.ts";
import { differences } from "./differences.ts";
import { a, addSix, assertSpread, b, c, Node, web, webSlice } from "./lab.ts";
import { testSemantics, testSix } from "./semantics.ts";
import { useLab } from "./use-lab.ts";

const portBounds = [36_000, 36_999] as const;
const skipped: string[] = [];

/** A proxy's life. What it would log is kept. */
class UserspaceNode extends Node {
  readonly mode: UserspaceMode;
  readonly refused: string[];

  constructor(mode: UserspaceMode, refused: string[]) {
    super([mode]);
    this.mode = mode;
    this.refused = refused;
  }
  static async start(family: Family, budget = new DescriptorBudget(4096)): Promise<UserspaceNode> {
    const iptables = await findIptables(family);
    const config: IptablesConfig = {
      family,
      mark: 0x4000,
      masqueradeAll: false,
      localTraffic: { kind: "cidr", cidr: family === 4 ? "10.32.0.0/12" : "fd00:32::/64" },
      localhostNodePorts: true,
      randomFully: true,
      dropInvalid: true,
      socketAddress: socketAddresses[family],
    };
    const refused: string[] = [];
    const mode = new UserspaceMode({
      rules: createIptablesMode(iptables, () => config),
      budget,
      portRange: new PortRange(portBounds),
      udpTimeout: 60_000,
      refused: ({ name }: ServicePort, error) => refused.push(`${name}: ${error.message}`),
      skipped: ({ name }: ServicePort) => skipped.push(name),
    });
    return new UserspaceNode(mode, refused);
  }
}

describe("userspace", () => {
  const lab = useLab();
  let node: UserspaceNode;
  before(async () => {
    node = await UserspaceNode.start(4);
  });
  after(() => node?.mode.close());
  const saved = async () => (await findIptables(4)).save("nat");
  const ask = () => lab().topology.pods.client.askTcp("10.96.0.20", 80);

  test("an empty table and an untouched node: nothing is written", async () => {
    await node.syncer.sync();
    assert.doesNotMatch(await saved(), /KUBE-/);
    assert.equal(hasSocketAddress(4), false);
  });

  testSemantics({
    name: "userspace",
    lab,
    node: () => node,
    udpPort: 5001,
    differences: differences.userspace,
  });

  test("an endpoint that does not answer is passed over, and affinity does not insist on it", async () => {
    // Nobody serves at .77 (no route leads there) nor at the client Pod's port (refused at once).
    const [silent, refusing] = ["10.32.0.77 @node", `${addresses.client} @node`];
    await node.set({ ...web, affinity: 600 }, webSlice(silent, refusing, b));
    for (let question = 0; question < 10; question += 1) assert.match(await ask(), /^b /);
    await node.set(web, webSlice(silent, refusing));
    assert.match(await ask(), /^(closed|ECONNRESET|silence)$/);
    await node.set(webSlice(a, c));
    await assertSpread(ask, ["a", "c"]);
  });

  test("the proxy's own sockets are for those who were sent there only", async () => {
    const [, port] = /--to-destination 169\.254\.98\.114:(\d+)/.exec(await saved()) ?? [];
    assert.ok(Number(port) >= portBounds[0] && Number(port) <= portBounds[1], `port ${port} is in the range`);
    assert.equal(await lab().topology.pods.client.askTcp(socketAddresses[4], Number(port)), "silence");
  });

  test("SCTP is skipped, and told; the rest of the Service is served", async () => {
    await node.set({ ...web, ports: [...web.ports!, "gate/SCTP 81"] });
    assert.deepEqual([...new Set(skipped)], ["default/web:gate"]);
    await assertSpread(ask, ["a", "c"]);
    await node.set(web);
  });

  test("endpoints that come and go change no rule", async () => {
    const before = rulesOf(await saved());
    await node.set(webSlice(a, b, c));
    await node.set(webSlice(b));
    assert.match(await ask(), /^b /);
    assert.equal(rulesOf(await saved()), before);
    await node.set(webSlice(a, c));
  });

  test("no descriptor is left: a client is refused at once and the next one is served when one is free", async () => {
    const budget = new DescriptorBudget(3);
    const small = await UserspaceNode.start(4, budget);
    await small.set(web, webSlice(a));
    const { client } = lab().topology.pods;
    assert.match(await client.open("only", "10.96.0.20", 80), /^a /);
    assert.match(await ask(), /^(ECONNRESET|closed)$/);
    assert.equal(await client.say("only", "still"), "still");
    assert.match(small.refused.join(), /default\/web:http: too many connections/);
    await assert.rejects(
      small.set(
        { service: "default/more", ip: "10.96.0.21", ports: ["http/TCP 80"] },
        {
          slice: "default/more-1",
          of: "more",
          ports: ["http/TCP 8080"],
          endpoints: [a],
        },
      ),
      /no descriptor is left/,
    );
    assert.equal(await client.say("only", "and on"), "and on");
    small.inputs.deleteService(expandService(web));
    await small.set().catch(() => {});
    assert.equal(await ask(), "silence", "no rule leads there any more");
    assert.equal(await client.say("only", "after the Service"), "after the Service");
    small.mode.close();
  });

  test("a new process takes the rules over, and a flow of UDP that the old one served goes on", async () => {
    const dns = { service: "default/dns", ip: "10.96.0.10", ports: ["dns/UDP 53"] };
    const slice = { slice: "default/dns-1", of: "dns", ports: ["dns/UDP 5353"], endpoints: [a] };
    await node.set(web, webSlice(a, c), dns, slice);
    const { client } = lab().topology.pods;
    assert.match(await client.askUdp("10.96.0.10", 53, 5301), /^a /);
    // Its own sockets close with it.
    node.mode.close();
    node = await UserspaceNode.start(4);
    await node.set(web, webSlice(a, c), dns, slice);
    await assertSpread(ask, ["a", "c"]);
    assert.match(await client.askUdp("10.96.0.10", 53, 5301), /^a /);
  });

  test("rules that somebody flushed are noticed, and the address that somebody took", async () => {
    await lab().own.ip(`addr del ${socketAddresses[4]}/32 dev lo`);
    node.syncer.requestCheck();
    await node.syncer.sync();
    await assertSpread(ask, ["a", "c"]);
  });

  test("the iptables mode takes over, and hands over again, without a moment of silence", async () => {
    const { client } = lab().topology.pods;
    assert.match(await client.open("kept", "10.96.0.20", 80), /^[ac] /);
    const config: IptablesConfig = {
      family: 4,
      mark: 0x4000,
      masqueradeAll: false,
      localTraffic: { kind: "cidr", cidr: "10.32.0.0/12" },
      localhostNodePorts: true,
      randomFully: true,
      dropInvalid: true,
    };
    const other = new Node([createIptablesMode(await findIptables(4), () => config)]);
    await other.set(web, webSlice(a, c));
    const clients = await assertSpread(ask, ["a", "c"]);
    assert.deepEqual([...clients], [addresses.client], "the kernel's, not the proxy's");
    assert.doesNotMatch(await saved(), /169\.254\.98\.114/);
    assert.equal(await client.say("kept", "still"), "still");
    node.mode.close();
    node = await UserspaceNode.start(4);
    await node.set(web, webSlice(a, c));
    const proxied = await assertSpread(ask, ["a", "c"]);
    assert.ok(!proxied.has(addresses.client));
  });

  test("a cleanup leaves neither rules nor the address", async () => {
    await node.mode.cleanup();
    assert.doesNotMatch(await saved(), /KUBE-/);
    assert.equal(hasSocketAddress(4), false);
  });

  describe("IPv6", () => {
    let other: UserspaceNode;
    before(async () => {
      await addSix(lab());
      other = await UserspaceNode.start(6);
    });
    after(() => other?.mode.close());
    testSix({ lab, node: () => other, udpPort: 7001, differences: differences.userspace });

    test("a cleanup takes the address away", async () => {
      await other.mode.cleanup();
      assert.equal(hasSocketAddress(6), false);
    });
  });
});

/** Without counters and dates. */
function rulesOf(save: string): string {
  return save
    .split("\n")
    .filter((line) => line.startsWith("-A"))
    .join("\n");
}

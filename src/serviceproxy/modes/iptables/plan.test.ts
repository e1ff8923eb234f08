import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceTable } from "../../table.ts";
import { expandConfig, IptablesFixture } from "../../testing/iptables-fixture.ts";
import { expandService, expandSlice, type ShortService, type ShortSlice } from "../../testing/objects.ts";
import { RulesModel } from "../../testing/rules-model.ts";
import { redirectRow, socketAddresses } from "../userspace/redirect.ts";
import { chains, jumps } from "./base.ts";
import { joinRestores, planCleanup, planFull } from "./plan.ts";
import { parseTables } from "./save.ts";

const config = expandConfig({ local: "10.0.0.0/8" });
const web: ShortService = {
  service: "shop/web",
  ip: "10.96.0.20",
  type: "NodePort",
  ports: ["http/TCP 80 node 30080"],
};
const endpoints = (...addresses: string[]): ShortSlice => ({
  slice: "shop/web-1",
  of: "web",
  ports: ["http/TCP 8080"],
  endpoints: addresses,
});

test("a change of endpoints writes the service port's chains and nothing else", () => {
  const fixture = new IptablesFixture(config).add([web], [endpoints("10.1.0.1", "10.1.0.2")]);
  fixture.sync();
  fixture.inputs.setSlice(expandSlice(endpoints("10.1.0.1", "10.1.0.3")));
  const input = fixture.applyChanges();
  const lines = input.trim().split("\n");
  assert.equal(lines[0], "*nat");
  assert.equal(lines.filter((line) => line.startsWith("*")).length, 1, "the filter table is not touched");
  for (const line of lines.slice(1, -1)) assert.match(line, /^(:|-A |-X )KUBE-(SVC|SEP)-/);
  // One new endpoint chain, the spreading one, and one that goes.
  assert.deepEqual(
    lines.filter((line) => line.startsWith(":")).map((line) => line.slice(1, 9)),
    ["KUBE-SVC", "KUBE-SEP", "KUBE-SEP"],
  );
});

test("a Service comes and goes by single rules of the shared chains", () => {
  const fixture = new IptablesFixture(config);
  fixture.sync();
  fixture.add([web], [endpoints("10.1.0.1")]);
  const added = fixture.applyChanges().split("\n");
  const single = (command: string, lines: string[]) =>
    lines.filter((line) => line.startsWith(`${command} KUBE-SERVICES`) || line.startsWith(`${command} KUBE-NODEPORTS`));
  assert.equal(single("-I", added).length, 1);
  assert.equal(single("-A", added).length, 1);
  assert.ok(!added.some((line) => /^:KUBE-(SERVICES|NODEPORTS)/.test(line)));
  fixture.inputs.deleteService(expandService(web));
  const removed = fixture.applyChanges().split("\n");
  assert.equal(single("-D", removed).length, 2);
  assert.deepEqual(fixture.sync(), []);
});

test("a Service without endpoints is refused before it is no longer translated, and the other way round", () => {
  const fixture = new IptablesFixture(config).add([web], [endpoints("10.1.0.1")]);
  fixture.sync();
  fixture.inputs.setSlice(expandSlice(endpoints()));
  const tables = (input: string) => input.match(/^\*\w+$/gm);
  assert.deepEqual(tables(fixture.applyChanges()), ["*filter", "*nat"]);
  fixture.inputs.setSlice(expandSlice(endpoints("10.1.0.1")));
  assert.deepEqual(tables(fixture.applyChanges()), ["*nat", "*filter"]);
});

test("a change that means nothing to the rules writes nothing", () => {
  const fixture = new IptablesFixture(config).add([web], [endpoints("10.1.0.1")]);
  fixture.sync();
  fixture.inputs.setService({
    ...expandService(web),
    metadata: { name: "web", namespace: "shop", labels: { a: "b" } },
  });
  fixture.inputs.setSlice(expandSlice(endpoints("10.1.0.1 @elsewhere ready=yes")));
  assert.equal(fixture.applyChanges(), "");
});

test("a shared chain that is written whole names its targets backwards, and its fixed rules last", () => {
  const services = Array.from(
    { length: 150 },
    (_, index): ShortService => ({
      service: `shop/many-${index}`,
      ip: `10.96.1.${index}`,
      ports: ["http/TCP 80"],
    }),
  );
  const slices = services.map(
    (_, index): ShortSlice => ({
      slice: `shop/many-${index}`,
      of: `many-${index}`,
      ports: ["http/TCP 8080"],
      endpoints: ["10.1.0.1"],
    }),
  );
  const fixture = new IptablesFixture(config).add(services, slices);
  fixture.sync();
  const targets = fixture.model.tables.nat.get(chains.services)!.map((rule) => rule.split(" -j ")[1]!);
  assert.equal(targets.pop(), chains.nodePorts);
  assert.equal(targets.length, 150);
  assert.deepEqual(targets, targets.toSorted().reverse());
});

test("a full sync repairs what others broke and leaves alone what is theirs", () => {
  const fixture = new IptablesFixture(config).add([web], [endpoints("10.1.0.1", "10.1.0.2")]);
  const { nat, filter } = fixture.model.tables;
  nat.get("PREROUTING")!.push("-j DOCKER");
  nat.set("DOCKER", ["-j RETURN"]);
  filter.get("FORWARD")!.push("-j ACCEPT");
  fixture.sync();
  const right = structuredClone(fixture.model.tables);
  const breakages: ((model: RulesModel) => void)[] = [
    ({ tables }) => tables.nat.get(chains.services)!.reverse(),
    ({ tables }) => tables.nat.get(chains.services)!.push("-j DROP"),
    ({ tables }) => tables.nat.get(chains.nodePorts)!.push(tables.nat.get(chains.nodePorts)![0]!),
    ({ tables }) => tables.nat.set(chains.postrouting, []),
    ({ tables }) => tables.nat.set("KUBE-SEP-AAAAAAAAAAAAAAAA", ["-j KUBE-MARK-MASQ"]),
    ({ tables }) => {
      for (const rules of tables.nat.values()) rules.length = 0;
      tables.nat.get("PREROUTING")!.push("-j DOCKER");
      tables.nat.set("DOCKER", ["-j RETURN"]);
    },
    ({ tables }) => tables.filter.delete(chains.canary),
    ({ tables }) => tables.filter.set("FORWARD", ["-j ACCEPT"]),
  ];
  for (const [index, breakIt] of breakages.entries()) {
    breakIt(fixture.model);
    assert.notDeepEqual(fixture.sync(), [], `breakage ${index} is seen`);
    for (const table of ["filter", "nat", "mangle"] as const)
      assert.deepEqual(fixture.model.comparable(table), sorted(right)[table], `breakage ${index}`);
    assert.deepEqual(fixture.model.tables.nat.get("DOCKER"), ["-j RETURN"]);
    assert.ok(fixture.model.tables.filter.get("FORWARD")!.includes("-j ACCEPT"));
    for (const { table, from, rule } of jumps) assert.ok(fixture.model.tables[table].get(from)!.includes(rule));
  }
});

function sorted(tables: RulesModel["tables"]) {
  const model = new RulesModel();
  Object.assign(model.tables, structuredClone(tables));
  return { filter: model.comparable("filter"), nat: model.comparable("nat"), mangle: model.comparable("mangle") };
}

test("killed after any restore, the next full sync ends in the same rules", () => {
  const many = Array.from({ length: 300 }, (_, i): [ShortService, ShortSlice] => [
    {
      service: `shop/s${i}`,
      ip: `10.96.1.${i % 250}`,
      ports: [`a/TCP ${1000 + i}`],
      ...(i % 3 ? {} : { etp: "Local" }),
    },
    {
      slice: `shop/s${i}`,
      of: `s${i}`,
      ports: ["a/TCP 80"],
      endpoints: i % 5 ? [`10.1.0.${i % 200}`, "10.1.1.1"] : [],
    },
  ]);
  const build = () =>
    new IptablesFixture(config).add(
      many.map(([service]) => service),
      many.map(([, slice]) => slice),
    );
  const whole = build();
  const restores = whole.sync();
  assert.ok(restores.length >= 3, "a cold start is cut into pieces");
  for (let killedAfter = 0; killedAfter < restores.length; killedAfter += 1) {
    const fixture = build();
    for (const input of restores.slice(0, killedAfter)) fixture.model.restore(input);
    fixture.sync();
    for (const table of ["filter", "nat", "mangle"] as const)
      assert.deepEqual(fixture.model.comparable(table), whole.model.comparable(table));
  }
});

test("on the way to the userspace mode, what still goes to a Pod is still masqueraded", () => {
  const fixture = new IptablesFixture(config).add([web], [endpoints("10.1.0.1", "10.1.0.2")]);
  fixture.sync();
  const { nat } = fixture.model.tables;
  const rows = [...fixture.table.rows()].map((row) => redirectRow(row, { cluster: 40_000 }));
  const toSockets = { ...config, socketAddress: socketAddresses[4] };
  const masquerades = () => nat.get(chains.markMasquerade)!.length > 0;
  const reachesPods = () => [...nat.values()].flat().some((rule) => rule.includes("--to-destination 10.1.0."));
  for (const input of planFull(structuredClone(fixture.model.tables), rows, toSockets)) {
    assert.ok(masquerades() || !reachesPods());
    fixture.model.restore(input);
  }
  assert.deepEqual([masquerades(), reachesPods()], [false, false]);
  for (const input of planFull(structuredClone(fixture.model.tables), fixture.table.rows(), config)) {
    fixture.model.restore(input);
    assert.ok(masquerades(), "on the way back it comes first");
  }
});

test("a cleanup leaves nothing of the proxy but kubelet's chain", () => {
  const fixture = new IptablesFixture(config).add([web], [endpoints("10.1.0.1")]);
  fixture.model.tables.nat.get("PREROUTING")!.push("-j DOCKER");
  fixture.model.tables.nat.set("DOCKER", []);
  fixture.sync();
  for (const input of planCleanup(structuredClone(fixture.model.tables))) fixture.model.restore(input);
  const left = Object.values(fixture.model.tables).flatMap((table) =>
    [...table].flatMap(([chain, rules]) => (chain.startsWith("KUBE-") ? [chain] : rules)),
  );
  assert.deepEqual(left.sort(), [
    "-j DOCKER",
    "-j KUBE-FIREWALL",
    "-j KUBE-FIREWALL",
    "-j KUBE-FIREWALL",
    "KUBE-FIREWALL",
  ]);
  assert.deepEqual([...planCleanup(structuredClone(fixture.model.tables))], [], "a second cleanup has nothing to do");
});

test("an empty table on an untouched kernel makes the shared chains and jumps", () => {
  const model = new RulesModel();
  for (const input of planFull(structuredClone(model.tables), new ServiceTable().rows(), config)) model.restore(input);
  for (const { table, from, rule } of jumps) assert.ok(model.tables[table].get(from)!.includes(rule), rule);
});

test("restores that follow each other are one program's, as long as it stays short", () => {
  const fixture = new IptablesFixture(config).add([web], [endpoints("10.1.0.1", "10.1.0.2")]);
  fixture.inputs.compile(fixture.table);
  const restores = [...planFull(new RulesModel().tables, fixture.table.rows(), config)];
  assert.ok(restores.length > 1);
  assert.deepEqual([...joinRestores(restores)], [restores.join("")]);
  const long = `*nat\n${"-A KUBE-SERVICES -j KUBE-MARK-MASQ\n".repeat(1500)}COMMIT\n`;
  assert.deepEqual([...joinRestores(["a\n", long, long, "b\n"])], [`a\n${long}`, `${long}b\n`]);
  assert.deepEqual([...joinRestores([])], []);
});

test("what is printed of all tables is read as it was", () => {
  const model = new RulesModel();
  const fixture = new IptablesFixture(config).add([web], [endpoints("10.1.0.1")]);
  for (const restore of fixture.sync()) model.restore(restore);
  assert.deepEqual(
    Object.fromEntries(parseTables(`# Generated by iptables-save\n${model.save()}# Completed\n`)),
    model.tables,
  );
  assert.deepEqual(parseTables(""), new Map());
});

/** The netlink and nftables layer against the kernel, in a network namespace of its own. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { NetlinkError } from "../src/linux/netlink/error.ts";
import { KernelTable } from "../src/linux/nftables/kernel-table.ts";
import { declareSet, tableSchema } from "../src/linux/nftables/schema.ts";
import { createNamespace, type TestNamespace } from "./demo/namespace.ts";

const schema = tableSchema("ip", "lab", [
  { name: "services", key: ["ipv4_addr", "inet_proto", "inet_service"], value: "verdict" },
  {
    name: "endpoints",
    key: ["ipv4_addr", "inet_proto", "inet_service", "integer"],
    value: ["ipv4_addr", "inet_service"],
    keyTypeof: "ip daddr . meta l4proto . th dport . numgen random mod 2",
    valueTypeof: "ip daddr . th dport",
  },
  { name: "ranges", key: ["ipv4_addr", "inet_service", "ipv4_addr"], prefixes: true },
]);
const pairChain = {
  name: "pair",
  rules: [
    {
      text: "dnat ip to ip daddr . meta l4proto . th dport . numgen random mod 2 map @endpoints",
      expressions: [
        { name: "payload", base: "network", offset: 16, length: 4, to: 8 },
        { name: "protocol", to: 9 },
        { name: "payload", base: "transport", offset: 2, length: 2, to: 10 },
        { name: "random", modulus: 2, to: 11 },
        { name: "lookup", set: "endpoints", from: 8, to: 8 },
        { name: "dnat", family: "ip", address: 8, port: 9 },
      ],
    },
  ],
} as const;

describe("nftables over netlink", () => {
  let namespace: TestNamespace;
  let table: KernelTable;
  before(async () => {
    namespace = await createNamespace();
    table = new KernelTable(schema, { networkNamespace: namespace.path });
    await table.run(
      ["add table ip lab", ...[...schema.sets.values()].map((set) => declareSet(schema, set)), ""].join("\n"),
    );
  });
  after(async () => {
    table.close();
    await namespace.remove();
  });

  const elements = async (set: string) => {
    const found: string[] = [];
    await table.readElements(set, (key, value) => found.push(value === undefined ? key : `${key} : ${value}`));
    return found.sort();
  };

  test("what is committed is what the kernel lists, by nft and by a dump", async () => {
    table.commit({
      chains: [pairChain],
      adds: [
        { set: "services", key: "10.96.0.1 . tcp . 80", value: "goto pair" },
        { set: "services", key: "10.96.0.2 . udp . 53", value: "drop" },
        { set: "endpoints", key: "10.96.0.1 . tcp . 80 . 0", value: "10.32.0.1 . 8080" },
        { set: "endpoints", key: "10.96.0.1 . tcp . 80 . 1", value: "10.32.0.2 . 8080" },
        { set: "ranges", key: "192.0.2.1 . 80 . 203.0.113.0/25" },
      ],
    });
    assert.deepEqual(await elements("services"), ["10.96.0.1 . tcp . 80 : goto pair", "10.96.0.2 . udp . 53 : drop"]);
    assert.deepEqual(await elements("endpoints"), [
      "10.96.0.1 . tcp . 80 . 0 : 10.32.0.1 . 8080",
      "10.96.0.1 . tcp . 80 . 1 : 10.32.0.2 . 8080",
    ]);
    assert.deepEqual(await elements("ranges"), ["192.0.2.1 . 80 . 203.0.113.0/25"]);
    const listing = await namespace.run("nft", "list", "ruleset");
    for (const text of [pairChain.rules[0].text, "10.96.0.1 . tcp . 80 : goto pair", "192.0.2.1 . 80 . 203.0.113.0/25"])
      assert.ok(listing.includes(text), `${text} in\n${listing}`);
    assert.deepEqual((await table.readNames()).chains, ["pair"]);
  });

  test("a refused transaction names the message and leaves nothing", async () => {
    const before = await elements("services");
    const generation = table.readGeneration();
    assert.throws(
      () =>
        table.commit({
          adds: [
            { set: "services", key: "10.96.0.7 . tcp . 1", value: "drop" },
            { set: "endpoints", key: "10.96.0.1 . tcp . 80 . 1", value: "10.32.0.9 . 8080" },
          ],
        }),
      (error) =>
        error instanceof NetlinkError && error.code === "EEXIST" && /add element endpoints/.test(error.message),
    );
    assert.throws(
      () => table.commit({ deletes: [{ set: "services", key: "10.96.0.9 . tcp . 1" }] }),
      (error) =>
        error instanceof NetlinkError && error.code === "ENOENT" && /delete element services/.test(error.message),
    );
    assert.deepEqual(await elements("services"), before);
    assert.equal(table.readGeneration(), generation);
  });

  test("an element changes its value within one transaction", async () => {
    const generation = table.readGeneration();
    table.commit({
      deletes: [{ set: "endpoints", key: "10.96.0.1 . tcp . 80 . 1" }],
      adds: [{ set: "endpoints", key: "10.96.0.1 . tcp . 80 . 1", value: "10.32.0.3 . 8080" }],
    });
    assert.equal((await elements("endpoints"))[1], "10.96.0.1 . tcp . 80 . 1 : 10.32.0.3 . 8080");
    assert.equal(table.readGeneration(), generation + 1);
  });

  test("thousands of elements go in one transaction and come back in one dump", async () => {
    const adds = Array.from({ length: 12_000 }, (_, index) => ({
      set: "endpoints",
      key: `10.97.${index >> 8}.${index & 255} . udp . 53 . 0`,
      value: `10.33.${index >> 8}.${index & 255} . 5353`,
    }));
    table.commit({ adds });
    const expected = adds.map(({ key, value }) => `${key} : ${value}`).sort();
    assert.deepEqual(
      (await elements("endpoints")).filter((text) => text.startsWith("10.97.")),
      expected,
    );
    table.commit({ deletes: adds });
    assert.equal((await elements("endpoints")).length, 2);
  });

  test("chains, and sets that packets fill, come and go", async () => {
    const dynamic = { name: "seen", key: ["ipv4_addr"], dynamic: { timeoutSeconds: 30, size: 65_535 } } as const;
    const chain = {
      name: "remember",
      rules: [
        {
          text: "update @seen { ip saddr }",
          expressions: [
            { name: "payload", base: "network", offset: 12, length: 4, to: 8 },
            { name: "update", set: "seen", key: 8 },
          ],
        },
        { text: "meta mark set meta mark | 0x00004000", expressions: [{ name: "mark-or", bits: 0x4000 }] },
        { text: "goto pair", expressions: [{ name: "goto", chain: "pair" }] },
      ],
    } as const;
    table.commit({ sets: [dynamic], chains: [chain] });
    table.commit({ sets: [dynamic], chains: [chain] });
    const listing = await namespace.run("nft", "list", "ruleset");
    for (const { text } of chain.rules)
      assert.equal(listing.split(`\t\t${text}\n`).length, 2, `${text} once in\n${listing}`);
    assert.throws(() => table.commit({ dropSets: ["seen"] }), { code: "EBUSY" });
    table.commit({ dropChains: ["remember"], dropSets: ["seen"] });
    await namespace.run("nft", "add rule ip lab pair ip saddr { 192.0.2.1, 192.0.2.9 } drop");
    const { chains, sets } = await table.readNames();
    assert.ok(!chains.includes("remember"));
    // The set of that rule has no name of its own and is not told.
    assert.deepEqual(sets.sort(), [...schema.sets.keys()].sort());
  });

  test("a table that is not there has no names, and no elements to read", async () => {
    const other = new KernelTable(tableSchema("ip6", "nothing", [...schema.sets.values()]), {
      networkNamespace: namespace.path,
    });
    assert.deepEqual(await other.readNames(), { chains: [], sets: [] });
    await assert.rejects(
      other.readElements("services", () => {}),
      { code: "ENOENT" },
    );
    assert.throws(() => other.commit({ deletes: [{ set: "services", key: "10.96.0.1 . tcp . 80" }] }), {
      code: "ENOENT",
    });
    other.close();
  });
});

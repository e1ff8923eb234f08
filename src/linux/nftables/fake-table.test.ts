import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeTable, FakeTableError } from "./fake-table.ts";
import { declareSet, tableSchema } from "./schema.ts";
import { formatTransaction, type Transaction } from "./transaction.ts";

const schema = tableSchema("ip", "t", [
  { name: "services", key: ["ipv4_addr", "inet_service"], value: "verdict" },
  { name: "cluster-ips", key: ["ipv4_addr"] },
]);

async function table(): Promise<FakeTable> {
  const fake = new FakeTable(schema);
  await fake.run([...schema.sets.values()].map((set) => declareSet(schema, set)).join("\n"));
  return fake;
}

const first: Transaction = {
  chains: [{ name: "two", rules: [{ text: "goto two-more", expressions: [] }] }],
  adds: [
    { set: "services", key: "10.96.0.1 . 80", value: "goto two" },
    { set: "cluster-ips", key: "10.96.0.1" },
  ],
};

test("a transaction prints itself as nft commands", () => {
  assert.equal(
    formatTransaction(schema, { ...first, deletes: [{ set: "cluster-ips", key: "10.96.0.9" }], dropSets: ["old"] }),
    `delete element ip t cluster-ips { 10.96.0.9 }
add chain ip t two
flush chain ip t two
add rule ip t two goto two-more
add element ip t services { 10.96.0.1 . 80 : goto two }
add element ip t cluster-ips { 10.96.0.1 }
delete set ip t old
`,
  );
});

const base: Transaction = {
  chains: [
    { name: "two-more", rules: [] },
    { name: "two", rules: [{ text: "goto two-more", expressions: [] }] },
  ],
  adds: first.adds,
};

for (const [name, code, transaction] of [
  ["deleting what is not there", "ENOENT", { deletes: [{ set: "services", key: "1.1.1.1 . 80" }] }],
  ["another value for a key", "EEXIST", { adds: [{ set: "services", key: "10.96.0.1 . 80", value: "drop" }] }],
  ["a verdict to no chain", "ENOENT", { adds: [{ set: "services", key: "1.1.1.1 . 80", value: "goto nix" }] }],
  ["a rule to no chain", "ENOENT", { chains: [{ name: "x", rules: [{ text: "goto nix", expressions: [] }] }] }],
  ["an unknown set", "ENOENT", { deletes: [{ set: "nix", key: "1" }] }],
  ["dropping a chain an element leads to", "EBUSY", { dropChains: ["two"] }],
  ["dropping a chain a rule leads to", "EBUSY", { dropChains: ["two-more"] }],
] as const)
  test(`${name} is refused, and the whole transaction with it`, async () => {
    const fake = await table();
    fake.commit(base);
    const before = fake.toString();
    const step = { deletes: [{ set: "cluster-ips", key: "10.96.0.1" }], ...transaction } as Transaction;
    assert.throws(
      () => fake.commit(step),
      (error) => error instanceof FakeTableError && error.code === code,
    );
    assert.equal(fake.toString(), before);
    assert.equal(fake.commits, 1);
  });

test("an element may change its value when it is deleted first", async () => {
  const fake = await table();
  fake.commit(base);
  fake.commit({
    deletes: [{ set: "services", key: "10.96.0.1 . 80" }],
    adds: [{ set: "services", key: "10.96.0.1 . 80", value: "drop" }],
    dropChains: ["two", "two-more"],
  });
  assert.equal(fake.toString(), "cluster-ips { 10.96.0.1 }\nservices { 10.96.0.1 . 80 : drop }");
  assert.deepEqual((await fake.readNames()).chains, []);
});

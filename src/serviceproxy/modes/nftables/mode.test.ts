import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FakeTable } from "../../../linux/nftables/fake-table.ts";
import { type ServicePort, ServiceTable } from "../../table.ts";
import type { NftablesConfig } from "./config.ts";
import { NftablesMode } from "./mode.ts";
import { mostTried, serviceSchema } from "./schema.ts";

const config: NftablesConfig = {
  family: 4,
  mark: 0x4000,
  masqueradeAll: false,
  localTraffic: { kind: "cidr", cidr: "10.0.0.0/8" },
  nodePortAddresses: ["192.168.0.2"],
  serviceCIDRs: ["172.30.0.0/16"],
};
const watcher = { isDamaged: () => false, forget: () => {} };

function start(kernel = new FakeTable(serviceSchema(4))): { kernel: FakeTable; mode: NftablesMode } {
  return { kernel, mode: new NftablesMode(kernel, () => config, watcher) };
}

function row(change: Partial<ServicePort> = {}): ServicePort {
  const row: ServicePort = {
    key: "ns/web:http/tcp/4",
    name: "ns/web:http",
    namespace: "ns",
    service: "web",
    family: 4,
    protocol: "TCP",
    clusterIP: "172.30.0.41",
    port: 80,
    nodePort: 0,
    externalIPs: [],
    loadBalancerIPs: [],
    sourceRanges: [],
    nodeInSourceRanges: false,
    affinitySeconds: 0,
    healthCheckNodePort: 0,
    internal: "cluster",
    external: "cluster",
    externalLocal: false,
    cluster: [endpoint(1), endpoint(2)],
    local: [],
    serving: [],
  };
  return { ...row, ...change };
}

function endpoint(index: number, local = false) {
  return { address: `10.180.0.${index}`, port: 8080, local, ready: true, serving: true, terminating: false };
}

describe("nftables mode", () => {
  test("writes nothing before there is a Service", async () => {
    const { kernel, mode } = start();
    await mode.sync(new ServiceTable());
    assert.deepEqual([kernel.scripts.length, kernel.commits], [0, 0]);
  });

  test("changes two elements when one endpoint changes, in one transaction", async () => {
    const { kernel, mode } = start();
    const table = new ServiceTable();
    table.setUnit("ns/web", [row()]);
    await mode.sync(table);
    table.takeChanges();
    const commits = kernel.commits;
    const before = kernel.toString().split("\n");
    table.setUnit("ns/web", [row({ cluster: [endpoint(1), endpoint(9)] })]);
    await mode.apply(table.takeChanges(), table);
    const after = kernel.toString().split("\n");
    assert.equal(kernel.commits, commits + 1);
    assert.deepEqual(
      before.filter((line) => !after.includes(line)),
      ["cluster-endpoints-2 { 172.30.0.41 . tcp . 80 . 1 : 10.180.0.2 . 8080 }"],
    );
    assert.deepEqual(
      after.filter((line) => !before.includes(line)),
      ["cluster-endpoints-2 { 172.30.0.41 . tcp . 80 . 1 : 10.180.0.9 . 8080 }"],
    );
  });

  test("leaves alone what is right already when it starts again", async () => {
    const { kernel, mode } = start();
    const table = new ServiceTable();
    table.setUnit("ns/web", [
      row({ nodePort: 30_080, affinitySeconds: 10 }),
      row({ key: "other", clusterIP: "172.30.0.9" }),
    ]);
    await mode.sync(table);
    const elements = kernel.sets.get("cluster-endpoints-2");
    kernel.sets.get("affinity")?.set("1.2.3.4", "");
    const before = kernel.toString();
    const writes: number[] = [];
    const commit = kernel.commit.bind(kernel);
    kernel.commit = (transaction) => {
      writes.push((transaction.adds?.length ?? 0) + (transaction.deletes?.length ?? 0));
      commit(transaction);
    };
    await start(kernel).mode.sync(table);
    assert.equal(kernel.toString(), before);
    assert.deepEqual(
      writes.filter((count) => count > 0),
      [],
    );
    assert.equal(kernel.sets.get("cluster-endpoints-2"), elements);
  });

  test("two Services that claim one address are settled by name, whatever came first", async () => {
    const rows = ["ns/a:/tcp/4", "ns/b:/tcp/4"].map((key, index) =>
      row({ key, clusterIP: `172.30.0.${index + 1}`, externalIPs: ["192.0.2.1"], cluster: [endpoint(index + 1)] }),
    );
    const results: string[] = [];
    for (const order of [rows, [...rows].reverse()]) {
      const { kernel, mode } = start();
      const table = new ServiceTable();
      table.setUnit("x", [row({ key: "x", clusterIP: "172.30.1.1" })]);
      await mode.sync(table);
      table.takeChanges();
      for (const one of order) {
        table.setUnit(one.key, [one]);
        await mode.apply(table.takeChanges(), table);
      }
      results.push(kernel.toString());
      assert.equal(kernel.sets.get("cluster-endpoints-1")?.get("192.0.2.1 . tcp . 80 . 0"), "10.180.0.1 . 8080");
      table.setUnit(rows[0]!.key, []);
      await mode.apply(table.takeChanges(), table);
      assert.equal(kernel.sets.get("cluster-endpoints-1")?.get("192.0.2.1 . tcp . 80 . 0"), "10.180.0.2 . 8080");
    }
    assert.equal(results[0], results[1]);
  });

  test("source ranges inside others are left out", async () => {
    const { kernel, mode } = start();
    const table = new ServiceTable();
    const ranges = ["203.0.113.0/25", "203.0.113.0/24", "203.0.113.7/32", "198.51.100.0/24"];
    table.setUnit("ns/web", [row({ loadBalancerIPs: ["1.2.3.4"], sourceRanges: ranges, nodeInSourceRanges: true })]);
    await mode.sync(table);
    assert.deepEqual(
      [...kernel.sets.get("firewall-allowed")!.keys()],
      ["1.2.3.4/32", "198.51.100.0/24", "203.0.113.0/24"].map((range) => `1.2.3.4 . tcp . 80 . ${range}`),
    );
  });

  test("a chain for a number of endpoints is there from the first Service that has so many to the last", async () => {
    const { kernel, mode } = start();
    const table = new ServiceTable();
    const many = Array.from({ length: mostTried + 1 }, (_, index) => endpoint(index + 1));
    const chain = `cluster-${many.length}`;
    const set = async (unit: string, address: string, cluster?: typeof many) => {
      table.setUnit(unit, cluster === undefined ? [] : [row({ key: unit, clusterIP: address, cluster })]);
      await mode.apply(table.takeChanges(), table);
    };
    const isThere: boolean[] = [];
    for (const [unit, cluster] of [
      ["ns/a", many.slice(1)],
      ["ns/a", many],
      ["ns/b", many],
      ["ns/a", many.slice(1)],
      ["ns/b", undefined],
      ["ns/a", many],
    ] as const) {
      await set(unit, unit === "ns/a" ? "172.30.0.1" : "172.30.0.2", cluster && [...cluster]);
      isThere.push(kernel.chains.has(chain));
    }
    assert.deepEqual(isThere, [false, true, true, true, false, true]);
  });

  test("a chain that the kernel holds on to for a while is not removed once another Service has taken it", async () => {
    const { kernel, mode } = start();
    const table = new ServiceTable();
    const many = Array.from({ length: mostTried + 1 }, (_, index) => endpoint(index + 1));
    const set = async (cluster: typeof many) => {
      table.setUnit("ns/web", [row({ cluster })]);
      await mode.apply(table.takeChanges(), table);
    };
    const commit = kernel.commit.bind(kernel);
    let isHeld = true;
    kernel.commit = (transaction) => {
      if (isHeld && transaction.dropChains?.length) throw Object.assign(new Error("held"), { code: "EBUSY" });
      commit(transaction);
    };
    await set(many);
    await set([]);
    assert.deepEqual([kernel.chains.has(`cluster-${many.length}`), mode.cleanupFailures], [true, 1]);
    isHeld = false;
    await set(many);
    assert.ok(kernel.chains.has(`cluster-${many.length}`));
    await set([]);
    assert.ok(!kernel.chains.has(`cluster-${many.length}`));
  });

  const endpoints = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.boolean()), {
    maxLength: 4,
    selector: ([index]) => index,
  });
  const anyRow = fc
    .record({
      endpoints,
      // Some more than are tried in turn: chains for such a number are made with the first Service that has it, and go with the last.
      many: fc.constantFrom(0, 0, mostTried, mostTried + 1),
      address: fc.integer({ min: 1, max: 4 }),
      nodePort: fc.constantFrom(0, 30_080, 30_081),
      external: fc.subarray(["192.0.2.1", "192.0.2.2"]),
      balancer: fc.subarray(["192.0.2.2", "192.0.2.3"]),
      ranges: fc.subarray(["203.0.113.0/24", "203.0.113.0/25"]),
      affinity: fc.constantFrom(0, 0, 10, 20),
      internalLocal: fc.boolean(),
      externalLocal: fc.boolean(),
    })
    .map((given) => {
      const more = Array.from({ length: given.many }, (_, index) => endpoint(100 + index, true));
      const all = [...given.endpoints.map(([index, local]) => endpoint(index, local)), ...more];
      const local = all.filter((one) => one.local);
      const target = (keep: boolean) =>
        all.length === 0 ? "reject" : !keep ? "cluster" : local.length > 0 ? "local" : "drop";
      return {
        clusterIP: `172.30.0.${given.address}`,
        nodePort: given.nodePort,
        externalIPs: given.external,
        loadBalancerIPs: given.balancer,
        sourceRanges: given.ranges,
        affinitySeconds: given.affinity,
        internal: target(given.internalLocal),
        external: target(given.externalLocal),
        externalLocal: given.externalLocal,
        cluster: all,
        local: given.internalLocal || given.externalLocal ? local : [],
      } as const;
    });
  const step = fc.record({
    unit: fc.integer({ min: 0, max: 3 }),
    ports: fc.array(anyRow, { maxLength: 2 }),
    flush: fc.boolean(),
  });

  test("any sequence of changes ends in the state of a fresh start", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { kernel, mode } = start();
        const table = new ServiceTable();
        table.setUnit("ns/always", [row({ key: "ns/always:/tcp/4", clusterIP: "172.30.9.9" })]);
        await mode.sync(table);
        table.takeChanges();
        for (const { unit, ports, flush } of steps) {
          table.setUnit(
            `ns/${unit}`,
            ports.map((change, index) => row({ ...change, key: `ns/${unit}:${index}/tcp/4`, port: 80 + index })),
          );
          if (!flush) await mode.apply(table.takeChanges(), table);
        }
        await mode.apply(table.takeChanges(), table);
        const fresh = start();
        await fresh.mode.sync(table);
        assert.equal(kernel.toString(), fresh.kernel.toString());
        assert.deepEqual([...kernel.chains].sort(), [...fresh.kernel.chains].sort());
        assert.deepEqual([...kernel.sets.keys()].sort(), [...fresh.kernel.sets.keys()].sort());
        // And so does a restart on what is there.
        await start(kernel).mode.sync(table);
        assert.deepEqual([...kernel.chains].sort(), [...fresh.kernel.chains].sort());
        assert.equal(kernel.toString(), fresh.kernel.toString());
      }),
      { numRuns: 300 },
    );
  });
});

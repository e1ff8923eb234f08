import assert from "node:assert/strict";
import { test } from "node:test";
import { isAsserted, type NodeFacts, newNode, nodeStatus, ownPodCIDRs, zoneOf } from "./node-object.ts";

const facts: NodeFacts = {
  name: "node1",
  addresses: ["198.18.0.10", "fd00:198:18::a"],
  architecture: "amd64",
  cpus: 2,
  memoryBytes: 8 * 2 ** 30,
  kernelVersion: "6.1",
  machineID: "m",
  bootID: "b",
  osImage: "Debian",
};
const now = new Date("2026-01-02T03:04:05Z");
const later = new Date("2026-01-02T03:05:05Z");

test("a node has the labels that schedulers look for", () => {
  assert.deepEqual(newNode(facts).metadata?.labels, {
    "kubernetes.io/hostname": "node1",
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": "amd64",
  });
});

test("zones are dealt out in turn", () => {
  const config = { zones: ["a", "b"], nodeCIDR: "198.18.3.0/24" };
  const zones = ["198.18.3.10", "198.18.3.11", "198.18.3.12"].map((address) => zoneOf(config, address));
  assert.deepEqual(zones, ["a", "b", "a"]);
  assert.equal(zoneOf({ nodeCIDR: config.nodeCIDR }, "198.18.3.10"), undefined);
  const { metadata } = newNode({ ...facts, zone: "b" });
  assert.equal(metadata?.labels?.["topology.kubernetes.io/zone"], "b");
});

test("it is Ready when nothing keeps Pods from running, and says what does", () => {
  const ready = (problem?: string) =>
    nodeStatus(facts, problem, [], now).conditions?.find(({ type }) => type === "Ready");
  assert.equal(ready()?.status, "True");
  assert.equal(ready("no podCIDR")?.status, "False");
  assert.equal(ready("no podCIDR")?.message, "no podCIDR");
});

test("a condition keeps the time since which it holds; conditions of others stay", () => {
  const first = nodeStatus(facts, undefined, [{ type: "Other", status: "True" }], now);
  const second = nodeStatus(facts, undefined, first.conditions ?? [], later);
  const ready = second.conditions?.find(({ type }) => type === "Ready");
  assert.equal(ready?.lastTransitionTime, "2026-01-02T03:04:05Z");
  assert.equal(ready?.lastHeartbeatTime, "2026-01-02T03:05:05Z");
  assert.ok(second.conditions?.some(({ type }) => type === "Other"));
});

test("what the API has counts as asserted, whatever its order and heartbeats; what was changed does not", () => {
  const asserted = nodeStatus(facts, undefined, [], now);
  const stored = nodeStatus(facts, undefined, [], later);
  assert.ok(isAsserted(asserted, { ...stored, conditions: stored.conditions?.toReversed() }));
  assert.ok(!isAsserted(asserted, undefined));
  const unknown = stored.conditions?.map((each) => (each.type === "Ready" ? { ...each, status: "Unknown" } : each));
  assert.ok(!isAsserted(asserted, { ...stored, conditions: unknown }));
  assert.ok(!isAsserted(asserted, { ...stored, addresses: [] }));
});

test("Pods have a range of each family of the cluster, once all of them are given", () => {
  const ipv6 = { nodeCIDR: "fd00:198:18::/64", podCIDR: "fd00:10:32::/48", serviceCIDR: "fd00:10:96::/108" };
  const both = ["10.32.0.0/22", "fd00:10:32::/64"];
  const cases: [podCIDRs: string[], single: string[] | undefined, dual: string[] | undefined][] = [
    [[], undefined, undefined],
    [both.slice(0, 1), both.slice(0, 1), undefined],
    [both, both.slice(0, 1), both],
  ];
  for (const [podCIDRs, single, dual] of cases) {
    const node = { spec: { podCIDR: podCIDRs[0], podCIDRs } };
    assert.deepEqual([ownPodCIDRs(node, {}), ownPodCIDRs(node, { ipv6 })], [single, dual]);
  }
});

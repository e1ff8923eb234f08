import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DaemonSet, Node, Pod } from "../../../kubernetes/types.ts";
import { daemonPod, eligibility, nodeOf, revisionLabel, revisionOf } from "./daemon-pod.ts";
import { type Plan, planMembership, planUpdate } from "./plan.ts";
import { statusOf } from "./status.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

function daemonSet(
  update: { maxUnavailable?: number | string; maxSurge?: number | string } = {},
  image = "new",
): DaemonSet {
  return {
    metadata: { name: "agent", namespace: "default", uid: "d", generation: 2 },
    spec: {
      selector: { matchLabels: { app: "agent" } },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: update },
      template: { metadata: { labels: { app: "agent" } }, spec: { containers: [{ name: "c", image }] } },
    },
  };
}

function node(name: string, spec: Node["spec"] = {}, labels: Record<string, string> = {}): Node {
  return { metadata: { name, labels }, spec };
}

interface Shape {
  old?: boolean;
  ready?: boolean;
  phase?: string;
  deleting?: boolean;
  bound?: boolean;
  created?: string;
}

/** A Pod named "NODE-SUFFIX". */
function pod(
  name: string,
  { old, ready = true, phase = "Running", deleting, bound = true, created = "2025-01-01T00:00:00Z" }: Shape = {},
): Pod {
  const [onNode = ""] = name.split("-");
  const made = daemonPod(daemonSet(), onNode);
  return {
    ...made,
    metadata: {
      ...made.metadata,
      name,
      uid: name,
      creationTimestamp: created,
      ...(deleting && { deletionTimestamp: created }),
      labels: { ...made.metadata?.labels, [revisionLabel]: old ? "old" : revisionOf(daemonSet()) },
    },
    spec: { ...made.spec!, ...(bound && { nodeName: onNode }) },
    status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: created }] },
  };
}

function show({ create, remove }: Plan) {
  return { create, remove: remove.map(({ metadata }) => metadata?.name) };
}

test("which nodes a DaemonSet is for", () => {
  const set = daemonSet();
  const selective = daemonSet();
  selective.spec!.template.spec!.nodeSelector = { disk: "ssd" };
  const taint = (effect: string) => ({ taints: [{ key: "team", value: "x", effect }] });
  const cases: [string, DaemonSet, Node, boolean, boolean][] = [
    ["any", set, node("a"), true, true],
    [
      "cordoned",
      set,
      node("a", { unschedulable: true, taints: [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }] }),
      true,
      true,
    ],
    [
      "unreachable",
      set,
      node("a", { taints: [{ key: "node.kubernetes.io/unreachable", effect: "NoExecute" }] }),
      true,
      true,
    ],
    ["NoSchedule", set, node("a", taint("NoSchedule")), false, true],
    ["NoExecute", set, node("a", taint("NoExecute")), false, false],
    ["PreferNoSchedule", set, node("a", taint("PreferNoSchedule")), true, true],
    ["selected", selective, node("a", {}, { disk: "ssd" }), true, true],
    ["not selected", selective, node("a"), false, false],
  ];
  for (const [name, one, target, run, stay] of cases) {
    const { reason: _, ...actual } = eligibility(one, target);
    assert.deepEqual(actual, { run, stay }, name);
  }
});

test("a daemon Pod is made for its node before it is bound to it", () => {
  assert.equal(nodeOf(daemonPod(daemonSet(), "a")), "a");
  assert.equal(nodeOf({ spec: { containers: [] } }), "");
});

test("membership", () => {
  const nodes = [node("a"), node("b")];
  const tainted = [node("a", { taints: [{ key: "x", effect: "NoExecute" }] }), node("b")];
  const avoided = [node("a", { taints: [{ key: "x", effect: "NoSchedule" }] }), node("b")];
  const cases: [string, Node[], Pod[], ReturnType<typeof show>][] = [
    ["one for each node", nodes, [], { create: ["a", "b"], remove: [] }],
    ["one is missing", nodes, [pod("a-1")], { create: ["b"], remove: [] }],
    [
      "a pending one counts",
      nodes,
      [pod("a-1", { bound: false, phase: "Pending" }), pod("b-1")],
      { create: [], remove: [] },
    ],
    ["an ending one is waited for", nodes, [pod("a-1", { deleting: true }), pod("b-1")], { create: [], remove: [] }],
    ["a failed one makes room", nodes, [pod("a-1", { phase: "Failed" }), pod("b-1")], { create: [], remove: ["a-1"] }],
    [
      "the oldest stays",
      nodes,
      [pod("a-2", { created: "2025-02-01T00:00:00Z" }), pod("a-1"), pod("b-1")],
      { create: [], remove: ["a-2"] },
    ],
    ["not wanted any more", tainted, [pod("a-1"), pod("b-1")], { create: [], remove: ["a-1"] }],
    ["not wanted, may stay", avoided, [pod("a-1"), pod("b-1")], { create: [], remove: [] }],
    ["not wanted, none there", avoided, [pod("b-1")], { create: [], remove: [] }],
    [
      "made for a node that is gone",
      nodes,
      [pod("a-1"), pod("b-1"), pod("c-1", { bound: false })],
      { create: [], remove: ["c-1"] },
    ],
    [
      "bound to a node that is gone: not this controller's business",
      nodes,
      [pod("a-1"), pod("b-1"), pod("c-1")],
      { create: [], remove: [] },
    ],
  ];
  for (const [name, list, pods, expected] of cases)
    assert.deepEqual(show(planMembership({ daemonSet: daemonSet(), nodes: list, pods, now })), expected, name);
});

test("rolling update", () => {
  const nodes = ["a", "b", "c", "d"].map((name) => node(name));
  const old = { old: true };
  const cases: [string, DaemonSet, Pod[], ReturnType<typeof show>][] = [
    [
      "one at a time",
      daemonSet(),
      [pod("a-1", old), pod("b-1", old), pod("c-1", old), pod("d-1", old)],
      { create: [], remove: ["a-1"] },
    ],
    [
      "wait for the new one",
      daemonSet(),
      [pod("a-2", { ready: false }), pod("b-1", old), pod("c-1", old), pod("d-1", old)],
      { create: [], remove: [] },
    ],
    [
      "the next one",
      daemonSet(),
      [pod("a-2"), pod("b-1", old), pod("c-1", old), pod("d-1", old)],
      { create: [], remove: ["b-1"] },
    ],
    [
      "half of them",
      daemonSet({ maxUnavailable: "50%" }),
      [pod("a-1", old), pod("b-1", old), pod("c-1", old), pod("d-1", old)],
      { create: [], remove: ["a-1", "b-1"] },
    ],
    [
      "those that serve nobody at once",
      daemonSet(),
      [
        pod("a-1", old),
        pod("b-1", { old: true, ready: false }),
        pod("c-1", { old: true, ready: false }),
        pod("d-1", old),
      ],
      { create: [], remove: ["b-1", "c-1"] },
    ],
    ["done", daemonSet(), [pod("a-2"), pod("b-2"), pod("c-2"), pod("d-2")], { create: [], remove: [] }],
    [
      "surge starts beside the old one",
      daemonSet({ maxSurge: 1, maxUnavailable: 0 }),
      [pod("a-1", old), pod("b-1", old), pod("c-1", old), pod("d-1", old)],
      { create: ["a"], remove: [] },
    ],
    [
      "surge waits for the new one",
      daemonSet({ maxSurge: 1, maxUnavailable: 0 }),
      [pod("a-1", old), pod("a-2", { ready: false }), pod("b-1", old), pod("c-1", old), pod("d-1", old)],
      { create: [], remove: [] },
    ],
  ];
  for (const [name, set, pods, expected] of cases)
    assert.deepEqual(show(planUpdate({ daemonSet: set, nodes, pods, now })), expected, name);
});

test("with surge the old Pod goes when the new one is available, or when it serves nobody itself", () => {
  const nodes = [node("a")];
  const set = daemonSet({ maxSurge: 1, maxUnavailable: 0 });
  const remove = (...pods: Pod[]) => show(planMembership({ daemonSet: set, nodes, pods, now })).remove;
  assert.deepEqual(remove(pod("a-1", { old: true }), pod("a-2", { ready: false })), []);
  assert.deepEqual(remove(pod("a-1", { old: true }), pod("a-2")), ["a-1"]);
  assert.deepEqual(remove(pod("a-1", { old: true, ready: false }), pod("a-2", { ready: false })), ["a-1"]);
});

test("OnDelete updates nothing by itself", () => {
  const set = daemonSet();
  set.spec!.updateStrategy = { type: "OnDelete" };
  const plan = planUpdate({ daemonSet: set, nodes: [node("a")], pods: [pod("a-1", { old: true })], now });
  assert.deepEqual(show(plan), { create: [], remove: [] });
});

test("a simulated update always ends, and never takes more than maxUnavailable away", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      (count, limit, surges) => {
        const set = surges
          ? daemonSet({ maxSurge: Math.max(1, limit), maxUnavailable: 0 })
          : daemonSet({ maxUnavailable: Math.max(1, limit) });
        const nodes = Array.from({ length: count }, (_, index) => node(`n${index}`));
        let pods = nodes.map(({ metadata }) => pod(`${metadata?.name}-1`, { old: true }));
        for (let step = 0; ; step += 1) {
          assert.ok(step < 100, "ends");
          const situation = { daemonSet: set, nodes, pods, now };
          const membership = planMembership(situation);
          const settled = membership.create.length + membership.remove.length === 0;
          const plan = settled ? planUpdate(situation) : membership;
          pods = pods
            .filter((one) => !plan.remove.includes(one))
            .map((one) => pod(one.metadata?.name ?? "", { old: one.metadata?.labels?.[revisionLabel] === "old" }));
          const serving = new Set(pods.map(nodeOf));
          if (surges) assert.equal(serving.size, count, "surge leaves no node without a Pod");
          else assert.ok(serving.size >= count - Math.max(1, limit));
          pods.push(...plan.create.map((name) => pod(`${name}-2`, { ready: false })));
          if (pods.every((one) => one.metadata?.name?.endsWith("-2")) && plan.create.length + plan.remove.length === 0)
            break;
        }
        assert.equal(pods.length, count);
      },
    ),
  );
});

test("status", () => {
  const nodes = [node("a"), node("b"), node("c"), node("d", { taints: [{ key: "x", effect: "NoSchedule" }] })];
  const pods = [pod("a-1"), pod("b-1", { old: true, ready: false }), pod("d-1")];
  assert.deepEqual(statusOf({ daemonSet: daemonSet(), nodes, pods, now }), {
    desiredNumberScheduled: 3,
    currentNumberScheduled: 2,
    numberMisscheduled: 1,
    numberReady: 1,
    updatedNumberScheduled: 1,
    numberAvailable: 1,
    numberUnavailable: 2,
    observedGeneration: 2,
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../../kubernetes/types.ts";
import { statusOf } from "./status.ts";
import { chooseVictims } from "./victims.ts";

const now = Date.parse("2026-01-10T00:00:00Z");

interface Shape {
  node?: string;
  phase?: string;
  readyFor?: number;
  cost?: string;
  restarts?: number;
  /** Seconds. */
  age?: number;
}

function before(seconds: number): string {
  return new Date(now - seconds * 1000).toISOString();
}

function pod(
  name: string,
  { node = "n1", phase = "Running", readyFor = 3600, cost, restarts = 0, age = 7200 }: Shape = {},
): Pod {
  const ready = readyFor > 0;
  return {
    metadata: {
      name,
      uid: name,
      labels: { app: "web" },
      creationTimestamp: before(age),
      ...(cost !== undefined && { annotations: { "controller.kubernetes.io/pod-deletion-cost": cost } }),
    },
    spec: { containers: [], ...(node && { nodeName: node }) },
    status: {
      phase,
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: before(readyFor) }],
      containerStatuses: [{ name: "c", image: "", imageID: "", ready, restartCount: restarts }],
    },
  };
}

test("who goes first: each rule decides alone between two Pods that are otherwise equal", () => {
  const cases: [rule: string, goes: Shape, stays: Shape][] = [
    ["not assigned to a node", { node: "" }, {}],
    ["pending before unknown", { phase: "Pending" }, { phase: "Unknown" }],
    ["unknown before running", { phase: "Unknown" }, { phase: "Running" }],
    ["not ready", { readyFor: 0 }, {}],
    ["lower deletion cost", { cost: "-5" }, { cost: "5" }],
    ["no cost is 0", {}, { cost: "1" }],
    ["a cost that is no number is 0", { cost: "cheap" }, { cost: "1" }],
    ["a cost out of range is 0", { cost: "-99999999999" }, { cost: "1" }],
    ["ready for a shorter time", { readyFor: 10 }, { readyFor: 100_000 }],
    ["more restarts", { restarts: 3 }, { restarts: 2 }],
    ["younger", { age: 10 }, { age: 100_000 }],
    ["an earlier rule beats a later one", { node: "", restarts: 0 }, { restarts: 9 }],
    ["readiness beats cost", { readyFor: 0, cost: "100" }, { cost: "-100" }],
  ];
  for (const [rule, goes, stays] of cases) {
    // The uid breaks ties: with both spellings it cannot be what decided.
    for (const [first, second] of [
      ["a", "b"],
      ["b", "a"],
    ] as const) {
      const pods = [pod(first, stays), pod(second, goes)];
      assert.deepEqual(
        chooseVictims(pods, 1, pods, now).map(({ metadata }) => metadata?.name),
        [second],
        rule,
      );
    }
  }
});

test("of several nodes the one with the most related Pods gives one up", () => {
  const own = [pod("a", { node: "n1" }), pod("b", { node: "n2" })];
  const related = [...own, pod("c", { node: "n2" })];
  assert.deepEqual(
    chooseVictims(own, 1, related, now).map(({ metadata }) => metadata?.name),
    ["b"],
  );
});

test("times of the same magnitude are equal, the uid decides then", () => {
  const pods = [pod("b", { readyFor: 3600 }), pod("a", { readyFor: 3700 })];
  assert.deepEqual(
    chooseVictims(pods, 1, pods, now).map(({ metadata }) => metadata?.name),
    ["a"],
  );
});

test("all go when all shall go", () => {
  const pods = [pod("a"), pod("b")];
  assert.equal(chooseVictims(pods, 5, pods, now).length, 2);
});

test("status counts labels, readiness and availability", () => {
  const set = {
    metadata: { generation: 4 },
    spec: { minReadySeconds: 60, selector: {}, template: { metadata: { labels: { app: "web" } } } },
  };
  const stray = { ...pod("d"), metadata: { name: "d", labels: {} } };
  const pods = [pod("a", { readyFor: 61 }), pod("b", { readyFor: 59 }), pod("c", { readyFor: 0 }), stray];
  assert.deepEqual(statusOf(set, pods, undefined, now), {
    replicas: 4,
    fullyLabeledReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 2,
    observedGeneration: 4,
  });
  assert.deepEqual(statusOf(set, [], undefined, now), { replicas: 0, observedGeneration: 4 });
});

test("a failure becomes a condition, keeps its time, and goes with its cause", () => {
  const failure = { reason: "FailedCreate" as const, message: "quota" };
  const first = statusOf({}, [], failure, now);
  assert.deepEqual(first.conditions, [
    { type: "ReplicaFailure", status: "True", ...failure, lastTransitionTime: "2026-01-10T00:00:00Z" },
  ]);
  const set = { status: first };
  assert.deepEqual(statusOf(set, [], { ...failure, message: "still" }, now + 60_000).conditions, first.conditions);
  assert.equal(statusOf(set, [], undefined, now).conditions, undefined);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, ReplicaSet } from "../../../kubernetes/types.ts";
import { planRecreate, planRolling, planScaling, splitSets, wasScaled } from "./plan.ts";
import { templateHash } from "./template-hash.ts";

function template(image: string) {
  return { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "main", image }] } };
}

function deployment(replicas: number, strategy?: string): Deployment {
  return {
    metadata: { name: "web", namespace: "default", uid: "d" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      strategy: strategy ? { type: strategy } : { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
      template: template("new"),
    },
  };
}

function set(name: string, size: number, available = size, desired?: number, image = "old"): ReplicaSet {
  const annotations: Record<string, string> = {};
  if (desired !== undefined) {
    annotations["deployment.kubernetes.io/desired-replicas"] = String(desired);
    annotations["deployment.kubernetes.io/max-replicas"] = String(desired + 1);
  }
  const hashed = template(image);
  return {
    metadata: { name, creationTimestamp: "2026-01-01T00:00:00Z", annotations },
    spec: {
      replicas: size,
      selector: {},
      template: { ...hashed, metadata: { labels: { ...hashed.metadata.labels, "pod-template-hash": name } } },
    },
    status: { replicas: size, availableReplicas: available },
  };
}

test("splitSets finds the set of the present template by its contents, the oldest of several", () => {
  const fresh = set("fresh", 1, 1, 1, "new");
  const twin = {
    ...set("twin", 1, 1, 1, "new"),
    metadata: { name: "twin", creationTimestamp: "2026-02-01T00:00:00Z" },
  };
  const { current, old } = splitSets(deployment(1), [twin, set("old", 1), fresh]);
  assert.equal(current?.metadata?.name, "fresh");
  assert.deepEqual(
    old.map(({ metadata }) => metadata?.name),
    ["old", "twin"],
  );
  assert.equal(splitSets(deployment(1), [set("old", 1)]).current, undefined);
});

test("wasScaled: an active set was sized for another number of replicas", () => {
  assert.equal(wasScaled(deployment(3), { current: set("a", 3, 3, 3), old: [] }), false);
  assert.equal(wasScaled(deployment(5), { current: set("a", 3, 3, 3), old: [] }), true);
  assert.equal(wasScaled(deployment(5), { current: set("a", 0, 0, 3), old: [] }), false, "not active");
  assert.equal(wasScaled(deployment(5), { current: set("a", 3), old: [] }), false, "not annotated");
});

test("steps of a rollout", () => {
  const cases: [string, { reason: string; sizes: Map<string, number> }, string, Record<string, number>][] = [
    ["first the new set", planRolling(deployment(4), set("new", 0, 0), [set("old", 4)]), "grow-new", { new: 1 }],
    ["then the old one", planRolling(deployment(4), set("new", 1, 0), [set("old", 4)]), "shrink-old", { old: 3 }],
    ["wait for the new ones", planRolling(deployment(4), set("new", 2, 0), [set("old", 3)]), "settled", {}],
    ["the end", planRolling(deployment(4), set("new", 4), [set("old", 1)]), "shrink-old", { old: 0 }],
    ["nothing left to do", planRolling(deployment(4), set("new", 4), []), "settled", {}],
    ["scaled down", planRolling(deployment(2), set("new", 4), []), "shrink-new", { new: 2 }],
    [
      "recreate: stop",
      planRecreate(deployment(2, "Recreate"), undefined, [set("old", 2)], true),
      "recreate-stop-old",
      { old: 0 },
    ],
    ["recreate: wait", planRecreate(deployment(2, "Recreate"), undefined, [set("old", 0)], true), "recreate-wait", {}],
    [
      "recreate: start",
      planRecreate(deployment(2, "Recreate"), set("new", 0), [set("old", 0)], false),
      "grow-new",
      { new: 2 },
    ],
    [
      "scale the only set",
      planScaling(deployment(7), { current: set("new", 4, 4, 4), old: [set("old", 0)] }),
      "one-active-set",
      { new: 7 },
    ],
    [
      "paused before its first rollout",
      planScaling(deployment(7), { current: undefined, old: [set("old", 4, 4, 4)] }),
      "one-active-set",
      { old: 7 },
    ],
    ["nothing to scale yet", planScaling(deployment(7), { current: undefined, old: [] }), "one-active-set", {}],
    [
      "the new set is done",
      planScaling(deployment(4), { current: set("new", 4, 4, 4), old: [set("old", 1, 1, 3)] }),
      "rollout-finished",
      { old: 0 },
    ],
    [
      "in the middle",
      planScaling(deployment(8), { current: set("new", 2, 2, 4), old: [set("old", 3, 3, 4)] }),
      "proportional",
      { new: 4, old: 5 },
    ],
  ];
  for (const [name, plan, reason, sizes] of cases) {
    assert.equal(plan.reason, reason, name);
    assert.deepEqual(Object.fromEntries(plan.sizes), sizes, name);
  }
});

test("templateHash depends on the contents only", () => {
  const a = templateHash({ metadata: { labels: { x: "1", y: "2" } } });
  assert.equal(a, templateHash({ metadata: { labels: { y: "2", x: "1" } } }));
  assert.notEqual(a, templateHash({ metadata: { labels: { x: "1", y: "3" } } }));
  assert.notEqual(a, templateHash({ metadata: { labels: { x: "1", y: "2" } } }, 1), "a collision changes the name");
  assert.match(a, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { pods, replicaSets } from "../../../kubernetes/resource.ts";
import type { KubernetesObject } from "../../../kubernetes/types.ts";
import { decide, type OwnerState } from "./decide.ts";
import { OwnerGraph } from "./graph.ts";

interface Shape {
  owners?: string[];
  finalizers?: string[];
  deleting?: boolean;
  /** blockOwnerDeletion of all its references; default true. */
  blocks?: boolean;
}

function object(uid: string, { owners = [], finalizers, deleting, blocks = true }: Shape = {}): KubernetesObject {
  return {
    metadata: {
      name: uid,
      namespace: "default",
      uid,
      resourceVersion: "1",
      ...(finalizers && { finalizers }),
      ...(deleting && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      ownerReferences: owners.map((owner) => ({
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: owner,
        uid: owner,
        blockOwnerDeletion: blocks,
      })),
    },
  };
}

/** Decides on `subject` among some dependents of it. */
function decided(subject: Shape, states: Record<string, OwnerState> = {}, dependents: Record<string, Shape> = {}) {
  const graph = new OwnerGraph();
  const node = graph.put(replicaSets, object("subject", subject));
  for (const [uid, shape] of Object.entries(dependents))
    graph.put(pods, object(uid, { owners: ["subject"], ...shape }));
  const decision = decide(node, graph.dependentsOf("subject"), ({ uid }) => states[uid] ?? "present");
  const { reason: _, ...rest } = decision;
  return "blocking" in rest ? { action: rest.action, blocking: rest.blocking.map(({ uid }) => uid) } : rest;
}

const foreground = ["foregroundDeletion"];
const orphan = ["orphan"];

test("what happens to an object", () => {
  const cases: [string, ReturnType<typeof decided>, object][] = [
    ["nobody's", decided({}), { action: "keep" }],
    ["its owner lives", decided({ owners: ["a"] }), { action: "keep" }],
    [
      "its owner is gone",
      decided({ owners: ["a"] }, { a: "absent" }),
      { action: "delete", policy: "Background", unblock: false },
    ],
    [
      "one of two is gone",
      decided({ owners: ["a", "b"] }, { a: "absent" }),
      { action: "drop-references", uids: ["a"] },
    ],
    [
      "one waits, one lives",
      decided({ owners: ["a", "b"] }, { a: "waiting" }),
      { action: "drop-references", uids: ["a"] },
    ],
    [
      "both are gone",
      decided({ owners: ["a", "b"] }, { a: "absent", b: "absent" }),
      { action: "delete", policy: "Background", unblock: false },
    ],
    [
      "its owner waits for it",
      decided({ owners: ["a"] }, { a: "waiting" }),
      { action: "delete", policy: "Background", unblock: false },
    ],
    [
      "its owner waits, it has dependents",
      decided({ owners: ["a"] }, { a: "waiting" }, { p: {} }),
      { action: "delete", policy: "Foreground", unblock: false },
    ],
    [
      "a circle",
      decided({ owners: ["a"] }, { a: "waiting" }, { p: { deleting: true, finalizers: foreground } }),
      { action: "delete", policy: "Foreground", unblock: true },
    ],
    [
      "its owner is gone, it asked for orphans",
      decided({ owners: ["a"], finalizers: orphan }, { a: "absent" }),
      { action: "delete", policy: "Orphan", unblock: false },
    ],
    [
      "its owner is gone, it asked for foreground",
      decided({ owners: ["a"], finalizers: foreground }, { a: "absent" }),
      { action: "delete", policy: "Foreground", unblock: false },
    ],
    [
      "being deleted already",
      decided({ owners: ["a"], deleting: true, finalizers: ["x/y"] }, { a: "absent" }),
      { action: "keep" },
    ],
    [
      "foreground, dependents left",
      decided({ deleting: true, finalizers: foreground }, {}, { p: {}, q: { blocks: false } }),
      { action: "wait-for-dependents", blocking: ["p"] },
    ],
    [
      "foreground, none left",
      decided({ deleting: true, finalizers: foreground }),
      { action: "wait-for-dependents", blocking: [] },
    ],
    ["orphan", decided({ deleting: true, finalizers: orphan }, {}, { p: {} }), { action: "orphan-dependents" }],
    [
      "a finalizer without deletion means nothing",
      decided({ finalizers: foreground }, {}, { p: {} }),
      { action: "keep" },
    ],
  ];
  for (const [name, actual, expected] of cases) assert.deepEqual(actual, expected, name);
});

test("the graph follows references as they come and go, in any order", () => {
  const graph = new OwnerGraph();
  const dependents = (uid: string) => graph.dependentsOf(uid).map((node) => node.uid);
  graph.put(pods, object("p", { owners: ["late"] }));
  assert.deepEqual(dependents("late"), ["p"], "the owner need not be known");
  graph.put(replicaSets, object("late"));
  graph.put(pods, object("p", { owners: ["other", "late"] }));
  assert.deepEqual([dependents("late"), dependents("other")], [["p"], ["p"]]);
  graph.put(pods, object("p", { owners: ["other"] }));
  assert.deepEqual([dependents("late"), dependents("other")], [[], ["p"]]);
  graph.remove("other");
  assert.deepEqual(dependents("other"), ["p"], "dependents outlive their owner");
  graph.remove("p");
  assert.deepEqual(dependents("other"), []);
  assert.equal(graph.get("p"), undefined);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../../kubernetes/types.ts";
import { notReadyTaint } from "../nodelifecycle/taints.ts";
import { StartingNodes, startPeriod } from "./starting-nodes.ts";

function node(name: string, ready?: string, tainted = false): Node {
  return {
    metadata: { name },
    spec: { taints: tainted ? [{ key: notReadyTaint, effect: "NoSchedule" }] : [] },
    status: { conditions: ready === undefined ? [] : [{ type: "Ready", status: ready }] },
  };
}

test("a node is waited for until it is ready for the first time", () => {
  const starting = new StartingNodes(["a", "b"], 1000);
  const cases: [string, Node, boolean, number][] = [
    ["registered only", node("a"), false, 2],
    ["without network", node("a", "False"), false, 2],
    ["ready, still tainted", node("a", "True", true), false, 2],
    ["ready", node("a", "True"), true, 1],
    ["lost afterwards", node("a", "Unknown", true), false, 1],
    ["one that came later", node("c", "True"), false, 1],
  ];
  for (const [name, one, news, left] of cases) {
    assert.equal(starting.see(one), news, name);
    assert.equal(starting.left(1000), left, name);
  }
});

test("a node that is removed is not waited for", () => {
  const starting = new StartingNodes(["a"], 0);
  assert.equal(starting.forget(node("a")), true);
  assert.equal(starting.left(0), 0);
});

test("the wait ends with the first moments of the cluster", () => {
  const starting = new StartingNodes(["a"], 1000);
  assert.equal(starting.timeLeft(1000), startPeriod);
  assert.equal(starting.left(1000 + startPeriod - 1), 1);
  assert.deepEqual([starting.left(1000 + startPeriod), starting.timeLeft(1000 + startPeriod)], [0, 0]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../../kubernetes/types.ts";
import { collectReason, overThreshold } from "./decide.ts";

function pod(node: string, { deleting = false, phase = "Running", created = "" } = {}): Pod {
  const deletionTimestamp = deleting ? "2026-01-01T00:00:00Z" : undefined;
  return {
    metadata: { name: created, creationTimestamp: created, deletionTimestamp },
    spec: { containers: [], nodeName: node },
    status: { phase },
  };
}

test("collectReason", () => {
  const isMissing = (node: string) => node === "gone";
  const cases: [Pod, string | undefined][] = [
    [pod("here"), undefined],
    [pod("here", { deleting: true }), undefined],
    [pod("gone"), "node-missing"],
    [pod("gone", { deleting: true }), "node-missing"],
    [pod(""), undefined],
    [pod("", { deleting: true }), "deleted-unscheduled"],
  ];
  for (const [one, expected] of cases) assert.equal(collectReason(one, isMissing), expected);
});

test("overThreshold: the oldest terminated ones", () => {
  const pods = ["3", "1", "2"].map((created) => pod("n", { phase: "Failed", created }));
  const running = pod("n", { created: "0" });
  const names = (threshold: number) =>
    overThreshold([...pods, running], threshold).map(({ metadata }) => metadata?.name);
  assert.deepEqual(names(1), ["1", "2"]);
  assert.deepEqual(names(3), []);
});

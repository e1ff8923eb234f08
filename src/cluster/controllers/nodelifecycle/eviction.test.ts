import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod, Taint, Toleration } from "../../../kubernetes/types.ts";
import { unknownConditions } from "./conditions.ts";
import { evictionTime, TaintClock } from "./eviction.ts";
import { notReadyTaint, unreachableTaint, wantedTaints } from "./taints.ts";

const unreachable: Taint = { key: unreachableTaint, effect: "NoExecute" };
const custom: Taint = { key: "maintenance", value: "now", effect: "NoExecute" };

function pod(...tolerations: Toleration[]): Pod {
  return { spec: { containers: [], tolerations } };
}

test("evictionTime", () => {
  const since = 1000;
  const tolerate = (key: string, tolerationSeconds?: number) => {
    return {
      key,
      operator: "Exists",
      effect: "NoExecute",
      ...(tolerationSeconds !== undefined && { tolerationSeconds }),
    };
  };
  const cases: [string, Pod, Taint[], number | undefined][] = [
    ["no taints", pod(), [], undefined],
    ["not tolerated: at once", pod(), [unreachable], since],
    ["tolerated for a while", pod(tolerate(unreachableTaint, 5)), [unreachable], since + 5000],
    ["tolerated for good", pod(tolerate(unreachableTaint)), [unreachable], undefined],
    ["tolerated for zero seconds", pod(tolerate(unreachableTaint, 0)), [unreachable], since],
    ["negative means zero", pod(tolerate(unreachableTaint, -9)), [unreachable], since],
    [
      "of two limits the shorter",
      pod(tolerate(unreachableTaint, 9), tolerate(unreachableTaint, 3)),
      [unreachable],
      since + 3000,
    ],
    ["a limit beats none", pod(tolerate(unreachableTaint), tolerate(unreachableTaint, 3)), [unreachable], since + 3000],
    [
      "of two taints the earlier",
      pod(tolerate(unreachableTaint, 9), tolerate("maintenance", 4)),
      [unreachable, custom],
      since + 4000,
    ],
    ["one of two not tolerated", pod(tolerate(unreachableTaint)), [unreachable, custom], since],
    ["everything tolerated", pod({ operator: "Exists" }), [unreachable, custom], undefined],
    [
      "tolerated as NoSchedule only",
      pod({ key: "maintenance", operator: "Exists", effect: "NoSchedule" }),
      [custom],
      since,
    ],
  ];
  for (const [name, one, taints, expected] of cases)
    assert.equal(
      evictionTime(
        one,
        taints.map((taint) => ({ taint, since })),
      ),
      expected,
      name,
    );
});

test("TaintClock: since when a taint is there; gone and back starts anew; a stall does not count", () => {
  const clock = new TaintClock();
  const sinceOf = (taints: Taint[], now: number) => clock.update("n", taints, now).map(({ since }) => since);
  assert.deepEqual(sinceOf([unreachable, { key: "x", effect: "NoSchedule" }], 100), [100]);
  assert.deepEqual(sinceOf([unreachable, custom], 200), [100, 200]);
  clock.shift(1000);
  assert.deepEqual(sinceOf([unreachable], 2000), [1100]);
  assert.deepEqual(sinceOf([], 2100), []);
  assert.deepEqual(sinceOf([unreachable], 2200), [2200]);
  clock.forget("n");
  assert.deepEqual(sinceOf([unreachable], 2300), [2300]);
});

function node(ready: string | undefined, spec: Node["spec"] = {}, more: [string, string][] = []): Node {
  const conditions = [...(ready ? [["Ready", ready] as [string, string]] : []), ...more];
  return { spec, status: { conditions: conditions.map(([type, status]) => ({ type, status })) } };
}

test("wantedTaints", () => {
  const time = "2026-01-01T00:00:00Z";
  const own = (key: string, effect: string) => ({ key, effect, timeAdded: time });
  const kept = { key: unreachableTaint, effect: "NoExecute", timeAdded: "2025-01-01T00:00:00Z" };
  const keptSchedule = { ...kept, effect: "NoSchedule" };
  const cases: [string, Node, boolean, object[] | undefined][] = [
    ["ready", node("True"), true, undefined],
    ["never reported", node(undefined), true, undefined],
    ["not ready", node("False"), true, [own(notReadyTaint, "NoSchedule"), own(notReadyTaint, "NoExecute")]],
    ["unknown", node("Unknown"), true, [own(unreachableTaint, "NoSchedule"), own(unreachableTaint, "NoExecute")]],
    ["unknown, nobody may be evicted", node("Unknown"), false, [own(unreachableTaint, "NoSchedule")]],
    ["all there: times stay", node("Unknown", { taints: [keptSchedule, kept] }), true, undefined],
    ["back: only own ones go", node("True", { taints: [keptSchedule, kept, custom] }), true, [custom]],
    [
      "from unknown to not ready",
      node("False", { taints: [keptSchedule, kept] }),
      true,
      [own(notReadyTaint, "NoSchedule"), own(notReadyTaint, "NoExecute")],
    ],
    ["all dead: NoExecute is taken back", node("Unknown", { taints: [keptSchedule, kept] }), false, [keptSchedule]],
    ["cordoned", node("True", { unschedulable: true }), true, [own("node.kubernetes.io/unschedulable", "NoSchedule")]],
    [
      "pressure",
      node("True", {}, [
        ["DiskPressure", "True"],
        ["MemoryPressure", "False"],
      ]),
      true,
      [own("node.kubernetes.io/disk-pressure", "NoSchedule")],
    ],
    [
      "somebody's own effect stays",
      node("True", { taints: [{ key: notReadyTaint, effect: "PreferNoSchedule" }] }),
      true,
      undefined,
    ],
  ];
  for (const [name, one, mayEvict, expected] of cases)
    assert.deepEqual(wantedTaints(one, mayEvict, time), expected, name);
});

test("unknownConditions tells a node that never reported from one that stopped, and says it once", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const changed = unknownConditions(node("True"), now);
  assert.deepEqual(
    changed.map(({ type, status, reason }) => [type, status, reason]),
    [
      ["Ready", "Unknown", "NodeStatusUnknown"],
      ["MemoryPressure", "Unknown", "NodeStatusNeverUpdated"],
      ["DiskPressure", "Unknown", "NodeStatusNeverUpdated"],
      ["PIDPressure", "Unknown", "NodeStatusNeverUpdated"],
    ],
  );
  assert.deepEqual(unknownConditions({ status: { conditions: changed } }, now), []);
});

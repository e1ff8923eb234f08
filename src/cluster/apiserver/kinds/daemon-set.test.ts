import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DaemonSet } from "../../../kubernetes/types.ts";
import { daemonSet } from "./daemon-set.ts";
import { created, problemsOfCreate } from "./testing.ts";

const labels = { app: "web" };
const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: "a" }], nodeSelector: { b: "c" } } };
const spec = { selector: { matchLabels: labels }, template };

test("defaults", () => {
  const object = created(daemonSet, { spec }) as DaemonSet;
  assert.deepEqual(object.spec?.updateStrategy, {
    type: "RollingUpdate",
    rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
  });
  assert.equal(object.spec?.revisionHistoryLimit, 10);
});

describe("create", () => {
  const cases: [string, object, string[]][] = [
    ["a good one", spec, []],
    [
      "an empty selector",
      { ...spec, selector: {} },
      ["spec.selector: Invalid value: {}: empty selector is invalid for daemonset"],
    ],
    [
      "an unknown strategy",
      { ...spec, updateStrategy: { type: "Recreate" } },
      ['spec.updateStrategy.type: Unsupported value: "Recreate": supported values: "OnDelete", "RollingUpdate"'],
    ],
    [
      "surge beside unavailable",
      { ...spec, updateStrategy: { rollingUpdate: { maxSurge: 1 } } },
      ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"],
    ],
    [
      "no room to move",
      { ...spec, updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } },
      ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
    ],
  ];
  for (const [title, body, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfCreate(daemonSet, { spec: body }), problems));
  }
});

test("row", () => {
  const status = {
    desiredNumberScheduled: 3,
    currentNumberScheduled: 2,
    numberReady: 1,
    updatedNumberScheduled: 2,
    numberAvailable: 1,
    numberMisscheduled: 0,
  };
  const object = { ...created(daemonSet, { metadata: { name: "web" }, spec }), status } as DaemonSet;
  assert.deepEqual(daemonSet.row(object, 0), ["web", 3, 2, 1, 2, 1, "b=c", "<unknown>", "a", "a", "app=web"]);
});

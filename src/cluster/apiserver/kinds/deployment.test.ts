import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Deployment } from "../../../kubernetes/types.ts";
import { deployment } from "./deployment.ts";
import { created, problemsOfCreate, problemsOfUpdate } from "./testing.ts";

const labels = { app: "web" };
const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: "a" }] } };
const spec = { selector: { matchLabels: labels }, template };

test("defaults", () => {
  const object = created(deployment, { spec, status: { replicas: 9 } }) as Deployment;
  assert.deepEqual(
    { ...object.spec, template: undefined, selector: undefined },
    {
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      template: undefined,
      selector: undefined,
    },
  );
  assert.equal(object.spec?.template.spec?.restartPolicy, "Always");
  assert.equal(object.status, undefined);
});

describe("create", () => {
  const cases: [string, object, string[]][] = [
    ["a good one", spec, []],
    [
      "nothing",
      {},
      [
        "spec.selector: Required value",
        "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
        "spec.template.spec.containers: Required value",
      ],
    ],
    [
      "negative replicas",
      { ...spec, replicas: -1 },
      ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
    ],
    [
      "an empty selector",
      { ...spec, selector: {} },
      ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
    ],
    [
      "a selector of other Pods",
      { ...spec, selector: { matchLabels: { app: "other" } } },
      ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
    ],
    [
      "a selector with an unknown operator",
      { ...spec, selector: { matchExpressions: [{ key: "app", operator: "Near" }] } },
      [
        'spec.selector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Near"}]}: invalid label selector',
      ],
    ],
    [
      "a selector without values",
      { ...spec, selector: { matchExpressions: [{ key: "app", operator: "In" }] } },
      [
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"In"}]}: invalid label selector',
      ],
    ],
    [
      "Pods that end",
      { ...spec, template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } } },
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      "Pods with a deadline",
      { ...spec, template: { ...template, spec: { ...template.spec, activeDeadlineSeconds: 5 } } },
      ["spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"],
    ],
    [
      "an unknown strategy",
      { ...spec, strategy: { type: "Canary" } },
      ['spec.strategy.type: Unsupported value: "Canary": supported values: "Recreate", "RollingUpdate"'],
    ],
    [
      "numbers for Recreate",
      { ...spec, strategy: { type: "Recreate", rollingUpdate: { maxSurge: 1 } } },
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      "no room to move",
      { ...spec, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: "0%" } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
    ],
    [
      "more than all",
      { ...spec, strategy: { rollingUpdate: { maxUnavailable: "101%" } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    [
      "a percentage that is none",
      { ...spec, strategy: { rollingUpdate: { maxSurge: "few" } } },
      [
        "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"few\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ],
    ],
    [
      "a deadline before readiness",
      { ...spec, minReadySeconds: 60, progressDeadlineSeconds: 60 },
      ["spec.progressDeadlineSeconds: Invalid value: 60: must be greater than minReadySeconds"],
    ],
  ];
  for (const [title, body, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfCreate(deployment, { spec: body }), problems));
  }
});

test("the selector stays", () => {
  const other = { app: "web", tier: "front" };
  const changed = { selector: { matchLabels: other }, template: { ...template, metadata: { labels: other } } };
  assert.deepEqual(problemsOfUpdate(deployment, { spec }, { spec: changed }), [
    'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"front"}}: field is immutable',
  ]);
});

test("scale reads and writes replicas", () => {
  const object = created(deployment, { spec: { ...spec, replicas: 3 } });
  assert.deepEqual(deployment.scale?.get(object), { replicas: 3, statusReplicas: 0, selector: "app=web" });
  deployment.scale?.set(object, 5);
  assert.equal((object as Deployment).spec?.replicas, 5);
});

test("row", () => {
  const object = { ...created(deployment, { metadata: { name: "web" }, spec: { ...spec, replicas: 3 } }) };
  const status = { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 };
  const row = deployment.row({ ...object, status } as Deployment, 0);
  assert.deepEqual(row, ["web", "2/3", 3, 1, "<unknown>", "a", "a", "app=web"]);
});

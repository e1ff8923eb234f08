import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clusterRole, role } from "./role.ts";
import { problemsOfCreate } from "./testing.ts";

const rule = { apiGroups: [""], resources: ["pods"], verbs: ["get"] };

describe("rules", () => {
  const cases: [string, object, string[]][] = [
    ["a good one", rule, []],
    ["no verbs", { ...rule, verbs: [] }, ["rules[0].verbs: Required value: verbs must contain at least one value"]],
    [
      "nothing but a verb",
      { verbs: ["get"] },
      [
        "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
        "rules[0].resources: Required value: resource rules must supply at least one resource",
      ],
    ],
    [
      "paths in a namespace",
      { nonResourceURLs: ["/metrics"], verbs: ["get"] },
      ['rules[0].nonResourceURLs: Invalid value: ["/metrics"]: namespaced rules cannot apply to non-resource URLs'],
    ],
  ];
  for (const [title, body, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfCreate(role, { rules: [body] }), problems));
  }
  test("paths of the cluster", () => {
    assert.deepEqual(problemsOfCreate(clusterRole, { rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }] }), []);
    assert.deepEqual(problemsOfCreate(clusterRole, { rules: [{ ...rule, nonResourceURLs: ["/metrics"] }] }), [
      'rules[0].nonResourceURLs: Invalid value: ["/metrics"]: rules cannot apply to both regular resources and non-resource URLs',
    ]);
  });
  test("an aggregation of nothing", () => {
    assert.deepEqual(problemsOfCreate(clusterRole, { aggregationRule: {} }), [
      "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil",
    ]);
  });
});

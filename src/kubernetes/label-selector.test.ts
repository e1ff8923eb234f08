import assert from "node:assert/strict";
import { test } from "node:test";
import { isEmptySelector, matchesLabels, matchesSelector } from "./label-selector.ts";

const labels = { app: "web", tier: "front" };

test("matchesSelector", () => {
  const cases: [Parameters<typeof matchesSelector>[0], boolean][] = [
    [undefined, false],
    [{}, true],
    [{ matchLabels: { app: "web" } }, true],
    [{ matchLabels: { app: "web", tier: "back" } }, false],
    [{ matchExpressions: [{ key: "app", operator: "In", values: ["api", "web"] }] }, true],
    [{ matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] }, false],
    [{ matchExpressions: [{ key: "zone", operator: "NotIn", values: ["a"] }] }, true],
    [{ matchExpressions: [{ key: "zone", operator: "Exists" }] }, false],
    [{ matchExpressions: [{ key: "zone", operator: "DoesNotExist" }] }, true],
    [{ matchLabels: { app: "web" }, matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] }, false],
    [{ matchExpressions: [{ key: "app", operator: "Like" }] }, false],
  ];
  for (const [selector, expected] of cases)
    assert.equal(matchesSelector(selector, labels), expected, JSON.stringify(selector));
  assert.equal(matchesSelector({ matchLabels: { app: "web" } }, undefined), false);
});

test("matchesLabels", () => {
  assert.equal(matchesLabels({}, undefined), true);
  assert.equal(matchesLabels({ app: "web" }, undefined), false);
  assert.equal(matchesLabels({ app: "web" }, labels), true);
});

test("isEmptySelector", () => {
  assert.equal(isEmptySelector({}), true);
  assert.equal(isEmptySelector({ matchLabels: {}, matchExpressions: [] }), true);
  assert.equal(isEmptySelector({ matchLabels: { app: "web" } }), false);
});

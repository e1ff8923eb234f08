import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fromLabelSelector,
  isEmptySelector,
  matchesLabels,
  matchesSelector,
  meetsNodeExpression,
} from "./label-selector.ts";
import { matchesRequirements, SelectorError } from "./requirement.ts";

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
    [{ matchExpressions: [{ key: "app", operator: "Gt", values: ["1"] }] }, false],
    [{ matchExpressions: [{ key: "constructor", operator: "Exists" }] }, false],
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

test("a LabelSelector object is the conjunction of labels and expressions", () => {
  const requirements = fromLabelSelector({
    matchLabels: { app: "web" },
    matchExpressions: [
      { key: "tier", operator: "NotIn", values: ["db"] },
      { key: "zone", operator: "Exists" },
    ],
  })!;
  assert.equal(matchesRequirements(requirements, { app: "web", zone: "a" }), true);
  assert.equal(matchesRequirements(requirements, { app: "web", zone: "a", tier: "db" }), false);
  assert.equal(matchesRequirements(requirements, { app: "web" }), false);
  assert.equal(fromLabelSelector(undefined), undefined);
  assert.deepEqual(fromLabelSelector({}), []);
  assert.throws(
    () => fromLabelSelector({ matchExpressions: [{ key: "a", operator: "Near" }] }),
    new SelectorError('"Near" is not a valid label selector operator'),
  );
  assert.throws(
    () => fromLabelSelector({ matchExpressions: [{ key: "a", operator: "In", values: [] }] }),
    /for 'in', 'notin' operators, values set can't be empty/,
  );
});

test("an expression of a node selector compares numbers too", () => {
  const cases: [operator: string, values: string[], value: string | undefined, expected: boolean][] = [
    ["Gt", ["3"], "10", true],
    ["Lt", ["3"], "10", false],
    ["Gt", ["3"], "many", false],
    ["Gt", ["x"], "10", false],
    ["Gt", [], "10", false],
    ["Gt", ["3"], undefined, false],
    ["NotIn", ["a"], undefined, true],
    ["toString", [], "10", false],
  ];
  for (const [operator, values, value, expected] of cases)
    assert.equal(meetsNodeExpression({ key: "cores", operator, values }, value), expected, `${value} ${operator}`);
});

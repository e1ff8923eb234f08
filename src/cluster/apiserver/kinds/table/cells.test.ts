import assert from "node:assert/strict";
import { test } from "node:test";
import { hostPort, labelsCell, limitedCell, selectorCell } from "./cells.ts";

test("labels are sorted", () => {
  assert.equal(labelsCell({ b: "2", a: "1" }), "a=1,b=2");
  assert.equal(labelsCell({}), "<none>");
  assert.equal(labelsCell(undefined), "<none>");
});

test("selectors read as kubectl's -l", () => {
  const matchExpressions = [
    { key: "tier", operator: "In", values: ["b", "a"] },
    { key: "old", operator: "DoesNotExist" },
    { key: "new", operator: "Exists" },
  ];
  assert.equal(selectorCell({ matchLabels: { app: "web" }, matchExpressions }), "app=web,new,!old,tier in (a,b)");
  assert.equal(selectorCell({}), "<none>");
  assert.equal(selectorCell({ matchExpressions: [{ key: "a", operator: "Near" }] }), "<error>");
});

test("long lists are cut with a count", () => {
  assert.equal(limitedCell([], 3, "<none>"), "<none>");
  assert.equal(limitedCell(["a", "b", "c"], 3, "<none>"), "a,b,c");
  assert.equal(limitedCell(["a", "b", "c", "d", "e"], 3, "<none>"), "a,b,c + 2 more...");
});

test("IPv6 addresses stand in brackets before a port", () => {
  assert.equal(hostPort("10.0.0.1", 80), "10.0.0.1:80");
  assert.equal(hostPort("fd00::1", 80), "[fd00::1]:80");
});

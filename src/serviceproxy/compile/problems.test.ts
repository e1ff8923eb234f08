import assert from "node:assert/strict";
import { test } from "node:test";
import { Problems } from "./problems.ts";

const object = "Service shop/web";
function listOf(count: number, text = "is no address") {
  const problems = new Problems(object);
  // As both families of a Service do.
  for (let family = 0; family < 2; family += 1)
    for (let index = 0; index < count; index += 1)
      problems.add({ object, field: `spec.externalIPs[${index}]`, problem: text });
  return problems.list();
}

test("each problem is told once, and of many the number", () => {
  assert.deepEqual(
    [0, 1, 20].map((count) => listOf(count).length),
    [0, 1, 20],
  );
  assert.equal(listOf(20)[19]!.field, "spec.externalIPs[19]");
  const many = listOf(100);
  assert.equal(many.length, 20);
  assert.deepEqual(many[18], { object, field: "spec.externalIPs[18]", problem: "is no address" });
  assert.deepEqual(many[19], { object, field: "…", problem: "81 more of the kind, left out too" });
});

test("nobody counts for ever, and what is quoted is cut", () => {
  assert.equal(listOf(5000).at(-1)!.problem, "at least 981 more of the kind, left out too");
  assert.equal(listOf(1, "x".repeat(5000))[0]!.problem.length, 201);
});

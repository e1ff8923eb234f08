import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lease } from "./lease.ts";
import { created, problemsOfCreate } from "./testing.ts";

describe("create", () => {
  const cases: [object, string[]][] = [
    [{ holderIdentity: "node1", leaseDurationSeconds: 40, renewTime: "2026-01-02T03:04:05.000000Z" }, []],
    [{ leaseDurationSeconds: 0 }, ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"]],
    [{ leaseTransitions: -1 }, ["spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"]],
  ];
  for (const [spec, problems] of cases) {
    test(JSON.stringify(spec), () => assert.deepEqual(problemsOfCreate(lease, { spec }), problems));
  }
});

test("row", () => {
  const object = created(lease, { metadata: { name: "node1" }, spec: { holderIdentity: "node1" } });
  assert.deepEqual(lease.row(object, 0), ["node1", "node1", "<unknown>"]);
});

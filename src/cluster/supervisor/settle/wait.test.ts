import assert from "node:assert/strict";
import { test } from "node:test";
import { isReady } from "./wait.ts";

test("a node is ready that has said so since the boot began, to the second that it tells", () => {
  const since = Date.parse("2026-01-02T03:04:05.600Z");
  const says = (status: string, lastHeartbeatTime?: string) =>
    isReady({ status: { conditions: [{ type: "Ready", status, lastHeartbeatTime }] } }, since);
  assert.equal(says("True", "2026-01-02T03:04:05Z"), true);
  assert.equal(says("True", "2026-01-02T03:04:04Z"), false, "another boot's");
  assert.equal(says("True"), false);
  assert.equal(says("Unknown", "2026-01-02T03:05:00Z"), false);
  assert.equal(isReady({}, since), false);
});

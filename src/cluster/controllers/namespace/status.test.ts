import assert from "node:assert/strict";
import { test } from "node:test";
import { deletionConditions, type Remains } from "./status.ts";

const now = Date.parse("2026-01-01T00:00:00Z");
const nothing: Remains = { counts: new Map(), finalizers: new Map(), failures: [] };

test("conditions tell what keeps a namespace", () => {
  const remains: Remains = {
    counts: new Map([
      ["pods.", 2],
      ["deployments.apps", 1],
    ]),
    finalizers: new Map([["example.com/hold", 1]]),
    failures: ["secrets.: no answer"],
  };
  const conditions = deletionConditions([], remains, now);
  assert.deepEqual(
    conditions.map(({ type, status, reason, message }) => [type, status, reason, message]),
    [
      [
        "NamespaceDeletionContentFailure",
        "True",
        "ContentDeletionFailed",
        "Failed to delete all resource types, 1 remaining: secrets.: no answer",
      ],
      [
        "NamespaceContentRemaining",
        "True",
        "SomeResourcesRemain",
        "Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances",
      ],
      [
        "NamespaceFinalizersRemaining",
        "True",
        "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
      ],
    ],
  );
});

test("times move with the status only", () => {
  const first = deletionConditions([], nothing, now);
  assert.deepEqual(deletionConditions(first, nothing, now + 60_000), first);
  const worse = deletionConditions(first, { ...nothing, counts: new Map([["pods.", 1]]) }, now + 60_000);
  assert.deepEqual(
    worse.map(({ lastTransitionTime }) => lastTransitionTime),
    ["2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z", "2026-01-01T00:00:00Z"],
  );
});

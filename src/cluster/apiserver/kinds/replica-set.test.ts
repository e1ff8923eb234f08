import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ReplicaSet } from "../../../kubernetes/types.ts";
import { replicaSet } from "./replica-set.ts";
import { created, print, problemsOfCreate } from "./testing.ts";

const labels = { app: "web" };
const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: "a" }] } };
const spec = { selector: { matchLabels: labels }, template };

test("one replica by default", () => assert.equal((created(replicaSet, { spec }) as ReplicaSet).spec?.replicas, 1));

test("the template is checked", () => {
  const bad = { ...spec, template: { metadata: { labels }, spec: { containers: [{ name: "a" }] } } };
  assert.deepEqual(problemsOfCreate(replicaSet, { spec: bad }), [
    "spec.template.spec.containers[0].image: Required value",
  ]);
});

describe("status", () => {
  const object = created(replicaSet, { spec }) as ReplicaSet;
  const cases: [object, string[]][] = [
    [{ replicas: 2, readyReplicas: 1, availableReplicas: 1 }, []],
    [{ availableReplicas: -1 }, ["status.availableReplicas: Invalid value: -1: must be greater than or equal to 0"]],
    [
      { replicas: 1, readyReplicas: 2 },
      ["status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"],
    ],
    [
      { replicas: 2, readyReplicas: 1, availableReplicas: 2 },
      ["status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas"],
    ],
  ];
  for (const [status, problems] of cases) {
    test(JSON.stringify(status), () => {
      const changed = { ...object, status } as ReplicaSet;
      assert.deepEqual(print(replicaSet.validateStatusUpdate?.(changed, object) ?? []), problems);
    });
  }
});

test("row", () => {
  const object = created(replicaSet, { metadata: { name: "web" }, spec: { ...spec, replicas: 3 } });
  const row = replicaSet.row({ ...object, status: { replicas: 2, readyReplicas: 1 } } as ReplicaSet, 0);
  assert.deepEqual(row, ["web", 3, 2, 1, "<unknown>", "a", "a", "app=web"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, ReplicaSet } from "../../../kubernetes/types.ts";
import { beyondHistory, currentAnnotations } from "./revision.ts";
import { type DeploymentStatus, statusOf, untilDeadline } from "./status.ts";

const now = Date.parse("2026-01-01T00:10:00Z");

function deployment(status: DeploymentStatus = {}, replicas = 2): Deployment {
  return {
    metadata: { name: "web", generation: 3 },
    spec: {
      replicas,
      progressDeadlineSeconds: 600,
      selector: {},
      strategy: { rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      template: {},
    },
    status,
  };
}

function set(name: string, replicas: number, available: number, size = replicas): ReplicaSet {
  return {
    metadata: { name },
    spec: { replicas: size, selector: {} },
    status: { replicas, readyReplicas: available, availableReplicas: available },
  };
}

function progressing(reason: string, updated: string, status = "True") {
  return { type: "Progressing", status, reason, message: "", lastUpdateTime: updated, lastTransitionTime: updated };
}

function conditionsOf(status: DeploymentStatus) {
  return Object.fromEntries((status.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]));
}

test("the counts are the sums over the sets; zeros are left out", () => {
  const { conditions: _, ...counts } = statusOf(
    deployment(),
    { current: set("new", 1, 0), old: [set("old", 2, 2)] },
    now,
  );
  assert.deepEqual(counts, {
    observedGeneration: 3,
    replicas: 3,
    updatedReplicas: 1,
    readyReplicas: 2,
    availableReplicas: 2,
    unavailableReplicas: 1,
  });
});

test("conditions of a rollout", () => {
  const early = "2026-01-01T00:09:00Z";
  const late = "2026-01-01T00:00:00Z";
  const old = set("old", 0, 0);
  const cases: [string, DeploymentStatus, ReplicaSet, Record<string, string>][] = [
    [
      "complete",
      { conditions: [progressing("ReplicaSetUpdated", early)] },
      set("new", 2, 2),
      { Available: "True MinimumReplicasAvailable", Progressing: "True NewReplicaSetAvailable" },
    ],
    [
      "on its way",
      { conditions: [progressing("NewReplicaSetCreated", early)] },
      set("new", 1, 0, 2),
      { Available: "False MinimumReplicasUnavailable", Progressing: "True ReplicaSetUpdated" },
    ],
    [
      "no progress, in time",
      { updatedReplicas: 2, replicas: 2, conditions: [progressing("ReplicaSetUpdated", early)] },
      set("new", 2, 0),
      { Available: "False MinimumReplicasUnavailable", Progressing: "True ReplicaSetUpdated" },
    ],
    [
      "deadline exceeded",
      { updatedReplicas: 2, replicas: 2, conditions: [progressing("ReplicaSetUpdated", late)] },
      set("new", 2, 0),
      { Available: "False MinimumReplicasUnavailable", Progressing: "False ProgressDeadlineExceeded" },
    ],
    [
      "exceeded stays",
      { updatedReplicas: 2, replicas: 2, conditions: [progressing("ProgressDeadlineExceeded", late, "False")] },
      set("new", 2, 0),
      { Available: "False MinimumReplicasUnavailable", Progressing: "False ProgressDeadlineExceeded" },
    ],
    [
      "late, but complete",
      { conditions: [progressing("ProgressDeadlineExceeded", late, "False")] },
      set("new", 2, 2),
      { Available: "True MinimumReplicasAvailable", Progressing: "True NewReplicaSetAvailable" },
    ],
    [
      "a Pod lost after the end is no new rollout",
      { updatedReplicas: 2, replicas: 2, conditions: [progressing("NewReplicaSetAvailable", late)] },
      set("new", 2, 1),
      { Available: "False MinimumReplicasUnavailable", Progressing: "True NewReplicaSetAvailable" },
    ],
  ];
  for (const [name, before, current, expected] of cases)
    assert.deepEqual(conditionsOf(statusOf(deployment(before), { current, old: [old] }, now)), expected, name);
});

test("messages are those that kubectl shows", () => {
  const { conditions } = statusOf(deployment(), { current: set("web-abc", 2, 2), old: [] }, now);
  assert.deepEqual(
    conditions?.map(({ message }) => message),
    ["Deployment has minimum availability.", 'ReplicaSet "web-abc" has successfully progressed.'],
  );
});

test("without a deadline there is no Progressing; a failure of a ReplicaSet shows on the Deployment", () => {
  const failing = set("new", 0, 0, 2);
  const failure = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "quota" };
  const current = { ...failing, status: { replicas: 0, conditions: [failure] } };
  const endless = deployment({ conditions: [progressing("ReplicaSetUpdated", "2026-01-01T00:00:00Z")] });
  endless.spec!.progressDeadlineSeconds = 2 ** 31 - 1;
  assert.deepEqual(conditionsOf(statusOf(endless, { current, old: [] }, now)), {
    Available: "False MinimumReplicasUnavailable",
    ReplicaFailure: "True FailedCreate",
  });
});

test("times move with the status only, so a settled Deployment is not written again", () => {
  const sets = { current: set("new", 2, 2), old: [] };
  const first = statusOf(deployment(), sets, now);
  assert.deepEqual(statusOf(deployment(first), sets, now + 60_000), first);
});

test("untilDeadline", () => {
  const conditions = [progressing("ReplicaSetUpdated", "2026-01-01T00:09:00Z")];
  assert.equal(untilDeadline(deployment(), conditions, now), 540_000);
  assert.equal(untilDeadline(deployment(), [], now), undefined);
  const done = [progressing("NewReplicaSetAvailable", "2026-01-01T00:09:00Z")];
  assert.equal(untilDeadline(deployment(), done, now), undefined);
});

test("currentAnnotations hands on the Deployment's and remembers former revisions", () => {
  const last = "kubectl.kubernetes.io/last-applied-configuration";
  const revision = "deployment.kubernetes.io/revision";
  const history = "deployment.kubernetes.io/revision-history";
  const object = deployment();
  object.metadata!.annotations = { note: "x", [last]: "{}", [revision]: "7" };
  assert.deepEqual(currentAnnotations(object, {}, 1), { note: "x", [revision]: "1" });
  assert.deepEqual(currentAnnotations(object, { [revision]: "1" }, 3), { note: "x", [revision]: "3", [history]: "1" });
  assert.deepEqual(currentAnnotations(object, { [revision]: "3", [history]: "1" }, 5), {
    note: "x",
    [revision]: "5",
    [history]: "1,3",
  });
  assert.deepEqual(
    currentAnnotations(object, { [revision]: "5" }, 3),
    { note: "x", [revision]: "5" },
    "never goes back",
  );
});

test("beyondHistory: the lowest revisions go, but only when they are empty", () => {
  const old = (name: string, revision: number, size = 0): ReplicaSet => ({
    metadata: { name, generation: 2, annotations: { "deployment.kubernetes.io/revision": String(revision) } },
    spec: { replicas: size, selector: {} },
    status: { replicas: size, observedGeneration: 2 },
  });
  const object = deployment();
  object.spec!.revisionHistoryLimit = 2;
  const names = (sets: ReplicaSet[]) => beyondHistory(object, sets).map(({ metadata }) => metadata?.name);
  assert.deepEqual(names([old("a", 4), old("b", 1), old("c", 2), old("d", 3)]), ["b", "c"]);
  assert.deepEqual(names([old("a", 4), old("b", 1, 1), old("c", 2), old("d", 3)]), ["c"]);
  assert.deepEqual(names([old("a", 4), old("b", 1)]), []);
});

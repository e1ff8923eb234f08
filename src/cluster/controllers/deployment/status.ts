import type { Deployment, ReplicaSet } from "../../../kubernetes/types.ts";
import {
  type DeploymentCondition,
  findCondition,
  type NewCondition,
  removeCondition,
  replaceCondition,
  setCondition,
} from "./conditions.ts";
import { resolveFenceposts } from "./rolling.ts";

export type DeploymentStatus = NonNullable<Deployment["status"]>;

/** Which of a Deployment's ReplicaSets has its present template, and which are history. */
export interface Sets {
  current: ReplicaSet | undefined;
  /** Oldest first. */
  old: readonly ReplicaSet[];
}

/** Room between full size and what may be missing. */
export function maxUnavailableOf(deployment: Deployment): number {
  const replicas = deployment.spec?.replicas ?? 1;
  if (deployment.spec?.strategy?.type === "Recreate" || replicas === 0) return 0;
  const { maxSurge, maxUnavailable } = deployment.spec?.strategy?.rollingUpdate ?? {};
  return resolveFenceposts(maxSurge, maxUnavailable, replicas).unavailable;
}

export function maxSurgeOf(deployment: Deployment): number {
  if (deployment.spec?.strategy?.type === "Recreate") return 0;
  const { maxSurge, maxUnavailable } = deployment.spec?.strategy?.rollingUpdate ?? {};
  return resolveFenceposts(maxSurge, maxUnavailable, deployment.spec?.replicas ?? 1).surge;
}

/** The counts, without the conditions: status as its ReplicaSets' status adds up. */
function countsOf(deployment: Deployment, { current, old }: Sets): DeploymentStatus {
  const all = current === undefined ? old : [...old, current];
  const sum = (field: "replicas" | "readyReplicas" | "availableReplicas") =>
    all.reduce((total, { status }) => total + (status?.[field] ?? 0), 0);
  const wanted = all.reduce((total, { spec }) => total + (spec?.replicas ?? 1), 0);
  const replicas = sum("replicas");
  const readyReplicas = sum("readyReplicas");
  const availableReplicas = sum("availableReplicas");
  const updatedReplicas = current?.status?.replicas ?? 0;
  const unavailableReplicas = Math.max(0, wanted - availableReplicas);
  const { collisionCount } = deployment.status ?? {};
  return {
    ...(deployment.metadata?.generation !== undefined && { observedGeneration: deployment.metadata.generation }),
    // Zero is left out, as it is in Kubernetes.
    ...(replicas > 0 && { replicas }),
    ...(updatedReplicas > 0 && { updatedReplicas }),
    ...(readyReplicas > 0 && { readyReplicas }),
    ...(availableReplicas > 0 && { availableReplicas }),
    ...(unavailableReplicas > 0 && { unavailableReplicas }),
    ...(collisionCount !== undefined && { collisionCount }),
  };
}

function availableCondition(deployment: Deployment, availableReplicas: number): NewCondition {
  const enough = availableReplicas >= (deployment.spec?.replicas ?? 1) - maxUnavailableOf(deployment);
  return {
    type: "Available",
    status: enough ? "True" : "False",
    reason: enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    message: enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
  };
}

/** All replicas are of the present template, available, and nothing else is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = deployment.spec?.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

/** Something got better since the last status: more new ones, fewer old ones, more ready or available. */
function isProgressing(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** undefined: the Deployment sets no deadline (Kubernetes takes the largest int32 for none). In seconds. */
export function deadlineOf(deployment: Deployment): number | undefined {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  return seconds === undefined || seconds === 2 ** 31 - 1 ? undefined : seconds;
}

/** Milliseconds until the deadline, negative when it is over; undefined when none runs. */
export function untilDeadline(
  deployment: Deployment,
  conditions: readonly DeploymentCondition[],
  now: number,
): number | undefined {
  const seconds = deadlineOf(deployment);
  const condition = findCondition(conditions, "Progressing");
  if (seconds === undefined || condition === undefined) return undefined;
  if (condition.reason === "NewReplicaSetAvailable" || condition.reason === "ProgressDeadlineExceeded")
    return undefined;
  return Date.parse(condition.lastUpdateTime ?? "") + seconds * 1000 - now;
}

/**
 * The whole status that follows from what is there. Reasons and messages are Kubernetes' own: kubectl rollout status ends by them. `events`
 * are conditions that a pass came upon (new ReplicaSet created, paused, …). Only a rollout that goes on is judged for its progress: one that is
 * paused or being scaled is not. `now` in milliseconds since the epoch.
 */
export function statusOf(
  deployment: Deployment,
  sets: Sets,
  now: number,
  events: readonly NewCondition[] = [],
  rolling = true,
): DeploymentStatus {
  const status = countsOf(deployment, sets);
  let conditions: DeploymentCondition[] = deployment.status?.conditions ?? [];
  for (const event of events) conditions = setCondition(conditions, event, now);
  conditions = setCondition(conditions, availableCondition(deployment, status.availableReplicas ?? 0), now);
  if (rolling) {
    conditions = withProgress(deployment, sets, status, conditions, now);
    const failure = replicaFailure(sets);
    const others = removeCondition(conditions, "ReplicaFailure");
    conditions = failure === undefined ? others : setCondition(conditions, failure, now);
  }
  return { ...status, ...(conditions.length > 0 && { conditions }) };
}

function withProgress(
  deployment: Deployment,
  { current }: Sets,
  status: DeploymentStatus,
  conditions: DeploymentCondition[],
  now: number,
): DeploymentCondition[] {
  if (deadlineOf(deployment) === undefined) return removeCondition(conditions, "Progressing");
  const reason = findCondition(conditions, "Progressing")?.reason;
  if (status.replicas === status.updatedReplicas && reason === "NewReplicaSetAvailable") return conditions;
  const subject =
    current === undefined ? `Deployment "${deployment.metadata?.name}"` : `ReplicaSet "${current.metadata?.name}"`;
  const type = "Progressing";
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return setCondition(conditions, { type, status: "True", reason: "NewReplicaSetAvailable", message }, now);
  }
  if (isProgressing(deployment.status ?? {}, status)) {
    const message = `${subject} is progressing.`;
    return replaceCondition(conditions, { type, status: "True", reason: "ReplicaSetUpdated", message }, now);
  }
  if ((untilDeadline(deployment, conditions, now) ?? 1) <= 0) {
    const message = `${subject} has timed out progressing.`;
    return setCondition(conditions, { type, status: "False", reason: "ProgressDeadlineExceeded", message }, now);
  }
  return conditions;
}

/** The current ReplicaSet's trouble, else an old one's, shown on the Deployment. */
function replicaFailure({ current, old }: Sets): NewCondition | undefined {
  for (const set of current === undefined ? old : [current, ...old]) {
    const failure = set.status?.conditions?.find(({ type }) => type === "ReplicaFailure");
    if (failure?.status === "True") {
      const { reason = "", message = "" } = failure;
      return { type: "ReplicaFailure", status: "True", reason, message };
    }
  }
  return undefined;
}

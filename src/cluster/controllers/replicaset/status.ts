import { matchesLabels } from "../../../kubernetes/label-selector.ts";
import type { Pod, ReplicaSet } from "../../../kubernetes/types.ts";
import { isAvailable, isReady } from "../shared/pod-state.ts";

export type ReplicaSetStatus = NonNullable<ReplicaSet["status"]>;

/** Why replicas are not as many as wanted. */
export interface Failure {
  reason: "FailedCreate" | "FailedDelete";
  message: string;
}

/** status of a ReplicaSet from its active Pods. `now` in milliseconds since the epoch. */
export function statusOf(
  replicaSet: ReplicaSet,
  pods: readonly Pod[],
  failure: Failure | undefined,
  now: number,
): ReplicaSetStatus {
  const templateLabels = replicaSet.spec?.template?.metadata?.labels ?? {};
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
  let fullyLabeledReplicas = 0;
  let readyReplicas = 0;
  let availableReplicas = 0;
  for (const pod of pods) {
    if (matchesLabels(templateLabels, pod.metadata?.labels)) fullyLabeledReplicas += 1;
    if (isReady(pod)) readyReplicas += 1;
    if (isAvailable(pod, minReadySeconds, now)) availableReplicas += 1;
  }
  const conditions = conditionsOf(replicaSet, failure, now);
  return {
    replicas: pods.length,
    // Zero is left out of these, as it is in Kubernetes.
    ...(fullyLabeledReplicas > 0 && { fullyLabeledReplicas }),
    ...(readyReplicas > 0 && { readyReplicas }),
    ...(availableReplicas > 0 && { availableReplicas }),
    ...(replicaSet.metadata?.generation !== undefined && { observedGeneration: replicaSet.metadata.generation }),
    ...(conditions.length > 0 && { conditions }),
  };
}

function conditionsOf(
  replicaSet: ReplicaSet,
  failure: Failure | undefined,
  now: number,
): NonNullable<ReplicaSetStatus["conditions"]> {
  const old = replicaSet.status?.conditions ?? [];
  const others = old.filter(({ type }) => type !== "ReplicaFailure");
  if (failure === undefined) return others;
  const known = old.find(({ type, status, reason }) => {
    return type === "ReplicaFailure" && status === "True" && reason === failure.reason;
  });
  if (known !== undefined) return old;
  const lastTransitionTime = `${new Date(now).toISOString().slice(0, 19)}Z`;
  return [...others, { type: "ReplicaFailure", status: "True", ...failure, lastTransitionTime }];
}

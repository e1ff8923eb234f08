import type { DaemonSet } from "../../../kubernetes/types.ts";
import { isAvailable, isReady } from "../shared/pod-state.ts";
import { eligibility } from "./daemon-pod.ts";
import { isUpdated, minReadyOf, podsByNode, type Situation } from "./plan.ts";

/** status of a DaemonSet: kubectl rollout status compares these numbers. */
export function statusOf({ daemonSet, nodes, pods, now }: Situation): NonNullable<DaemonSet["status"]> {
  const byNode = podsByNode(pods);
  let desired = 0;
  let current = 0;
  let misscheduled = 0;
  let ready = 0;
  let available = 0;
  let updated = 0;
  for (const node of nodes) {
    const [pod] = byNode.get(node.metadata?.name ?? "") ?? [];
    if (!eligibility(daemonSet, node).run) {
      if (pod !== undefined) misscheduled += 1;
      continue;
    }
    desired += 1;
    if (pod === undefined) continue;
    current += 1;
    if (isReady(pod)) ready += 1;
    if (isAvailable(pod, minReadyOf(daemonSet), now)) available += 1;
    if (isUpdated(daemonSet, pod)) updated += 1;
  }
  return {
    currentNumberScheduled: current,
    desiredNumberScheduled: desired,
    numberMisscheduled: misscheduled,
    numberReady: ready,
    ...(updated > 0 && { updatedNumberScheduled: updated }),
    ...(available > 0 && { numberAvailable: available }),
    ...(desired > available && { numberUnavailable: desired - available }),
    ...(daemonSet.metadata?.generation !== undefined && { observedGeneration: daemonSet.metadata.generation }),
  };
}

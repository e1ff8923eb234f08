import type { Pod } from "../../../kubernetes/types.ts";
import { isDeleting } from "../shared/keys.ts";
import { isTerminated } from "../shared/pod-state.ts";

/** Kubernetes' --terminated-pod-gc-threshold. */
const terminatedThreshold = 12_500;

export type CollectReason = "node-missing" | "deleted-unscheduled";

/** Why a Pod is to be collected; undefined when it is not. */
export function collectReason(pod: Pod, isMissing: (node: string) => boolean): CollectReason | undefined {
  const node = pod.spec?.nodeName ?? "";
  if (node === "") return isDeleting(pod) ? "deleted-unscheduled" : undefined;
  return isMissing(node) ? "node-missing" : undefined;
}

/** The oldest terminated Pods above the threshold. */
export function overThreshold(pods: readonly Pod[], threshold = terminatedThreshold): Pod[] {
  const terminated = pods.filter(isTerminated);
  if (terminated.length <= threshold) return [];
  const created = ({ metadata }: Pod) => metadata?.creationTimestamp ?? "";
  terminated.sort((a, b) => (created(a) < created(b) ? -1 : 1));
  return terminated.slice(0, terminated.length - threshold);
}

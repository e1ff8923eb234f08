import { type IPFamily, ipFamilyOf } from "../../../kubernetes/ip-family.ts";
import type { Pod, PodCondition } from "../../../kubernetes/types.ts";
import { isDeleting } from "./keys.ts";

/** Succeeded or Failed: its containers will not run again. */
export function isTerminated(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** Empty while it has no network. */
export function podAddresses({ status }: Pod): string[] {
  const listed = (status?.podIPs ?? []).flatMap(({ ip }) => ip ?? []);
  return listed.length > 0 || !status?.podIP ? listed : [status.podIP];
}

/** A Pod has at most one address of a family. */
export function podAddress(pod: Pod, family: IPFamily): string | undefined {
  return podAddresses(pod).find((address) => ipFamilyOf(address) === family);
}

/** Counts towards the replicas of its owner. */
export function isActive(pod: Pod): boolean {
  return !isTerminated(pod) && !isDeleting(pod);
}

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

export function isReady(pod: Pod): boolean {
  return podCondition(pod, "Ready")?.status === "True";
}

/** Milliseconds since the epoch when the Pod became ready; undefined when it is not. */
export function readySince(pod: Pod): number | undefined {
  const condition = podCondition(pod, "Ready");
  if (condition?.status !== "True") return undefined;
  return condition.lastTransitionTime === undefined ? 0 : Date.parse(condition.lastTransitionTime);
}

/** Ready for at least minReadySeconds. `now` in milliseconds since the epoch. */
export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const since = readySince(pod);
  return since !== undefined && (minReadySeconds === 0 || now - since >= minReadySeconds * 1000);
}

/** Milliseconds until the first of the ready Pods becomes available; undefined when all that are ready are. */
export function untilNextAvailable(pods: readonly Pod[], minReadySeconds: number, now: number): number | undefined {
  let soonest: number | undefined;
  if (minReadySeconds === 0) return undefined;
  for (const pod of pods) {
    const since = readySince(pod);
    if (since === undefined) continue;
    const left = since + minReadySeconds * 1000 - now;
    if (left > 0 && (soonest === undefined || left < soonest)) soonest = left;
  }
  return soonest;
}

import type { DaemonSet, Node, Pod } from "../../../kubernetes/types.ts";
import { resolve } from "../deployment/rolling.ts";
import { isDeleting } from "../shared/keys.ts";
import { isAvailable, isReady, isTerminated } from "../shared/pod-state.ts";
import { eligibility, nodeOf, revisionLabel, revisionOf } from "./daemon-pod.ts";

/** What one pass does. */
export interface Plan {
  /** Names of nodes that get a Pod. */
  create: string[];
  remove: Pod[];
}

export interface Situation {
  daemonSet: DaemonSet;
  nodes: readonly Node[];
  /** All Pods of the set, also those that end. */
  pods: readonly Pod[];
  /** Milliseconds since the epoch. */
  now: number;
}

export function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const byNode = Map.groupBy(pods, nodeOf);
  for (const members of byNode.values()) members.sort(olderFirst);
  return byNode;
}

/** One Pod on each node that should have one, none on others; ended Pods make room for new ones. */
export function planMembership({ daemonSet, nodes, pods, now }: Situation): Plan {
  const plan: Plan = { create: [], remove: [] };
  const byNode = podsByNode(pods);
  const known = new Set<string>();
  for (const node of nodes) {
    const name = node.metadata?.name ?? "";
    known.add(name);
    const members = byNode.get(name) ?? [];
    const { run, stay } = eligibility(daemonSet, node);
    if (!stay) {
      plan.remove.push(...members.filter((pod) => !isDeleting(pod)));
      continue;
    }
    const ended = members.filter((pod) => isTerminated(pod) && !isDeleting(pod));
    plan.remove.push(...ended);
    const alive = members.filter((pod) => !isTerminated(pod));
    const present = alive.filter((pod) => !isDeleting(pod));
    // A Pod that is ending still holds what there is one of on a node: ports, names.
    if (run && alive.length === 0 && ended.length === 0) plan.create.push(name);
    plan.remove.push(...surplus(daemonSet, present, now));
  }
  // Not bound yet, and the node it was made for is gone.
  for (const [name, members] of byNode) {
    if (!known.has(name)) plan.remove.push(...members.filter((pod) => !isDeleting(pod) && !pod.spec?.nodeName));
  }
  return plan;
}

/** Of several Pods on one node only the oldest stays; with maxSurge one of each revision, until the new one has taken over. */
function surplus(daemonSet: DaemonSet, present: readonly Pod[], now: number): Pod[] {
  if (present.length <= 1) return [];
  if (surgeOf(daemonSet, 1) === 0) return present.slice(1);
  const updated = present.filter((pod) => isUpdated(daemonSet, pod));
  const old = present.filter((pod) => !isUpdated(daemonSet, pod));
  const extra = [...updated.slice(1), ...old.slice(1)];
  const [newest] = updated;
  const [oldest] = old;
  if (newest !== undefined && oldest !== undefined) {
    if (!isReady(oldest) || isAvailable(newest, minReadyOf(daemonSet), now)) extra.push(oldest);
  }
  return extra;
}

/** The next step of a rolling update: which old Pods go, and where new ones start beside them (maxSurge). */
export function planUpdate({ daemonSet, nodes, pods, now }: Situation): Plan {
  const plan: Plan = { create: [], remove: [] };
  if (daemonSet.spec?.updateStrategy?.type === "OnDelete") return plan;
  const desired = nodes.filter((node) => eligibility(daemonSet, node).run).length;
  const surge = surgeOf(daemonSet, desired);
  const limit = surge > 0 ? surge : unavailableOf(daemonSet, desired);
  const available = (pod: Pod) => isAvailable(pod, minReadyOf(daemonSet), now);
  const candidates: { node: string; pod: Pod }[] = [];
  let busy = 0;
  for (const [node, members] of podsByNode(pods)) {
    const present = members.filter((pod) => !isDeleting(pod) && !isTerminated(pod));
    const updated = present.find((pod) => isUpdated(daemonSet, pod));
    const old = present.find((pod) => !isUpdated(daemonSet, pod));
    if (old === undefined) {
      // With surge, the new Pod of a node that has no old one needs no place of its own.
      if (surge === 0 && (updated === undefined || !available(updated))) busy += 1;
    } else if (updated !== undefined) {
      busy += 1;
    } else if (available(old)) {
      candidates.push({ node, pod: old });
    } else {
      // It serves nobody: replacing it costs nothing, but it counts as unavailable.
      if (surge === 0) busy += 1;
      if (surge > 0) plan.create.push(node);
      else plan.remove.push(old);
    }
  }
  for (const { node, pod } of candidates.slice(0, Math.max(0, limit - busy))) {
    if (surge > 0) plan.create.push(node);
    else plan.remove.push(pod);
  }
  return plan;
}

export function isUpdated(daemonSet: DaemonSet, pod: Pod): boolean {
  return pod.metadata?.labels?.[revisionLabel] === revisionOf(daemonSet);
}

export function minReadyOf(daemonSet: DaemonSet): number {
  return daemonSet.spec?.minReadySeconds ?? 0;
}

/** Both round up, as in Kubernetes' DaemonSets. */
function surgeOf({ spec }: DaemonSet, desired: number): number {
  return resolve(spec?.updateStrategy?.rollingUpdate?.maxSurge ?? 0, desired, Math.ceil);
}

function unavailableOf({ spec }: DaemonSet, desired: number): number {
  return resolve(spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, desired, Math.ceil);
}

function olderFirst(a: Pod, b: Pod): number {
  const left = a.metadata?.creationTimestamp ?? "";
  const right = b.metadata?.creationTimestamp ?? "";
  const assigned = Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName));
  return Number(isDeleting(a)) - Number(isDeleting(b)) || assigned || (left < right ? -1 : left > right ? 1 : 0);
}

import type { Pod } from "../../../kubernetes/types.ts";
import { uidOf } from "../shared/keys.ts";
import { isReady, readySince } from "../shared/pod-state.ts";

const deletionCost = "controller.kubernetes.io/pod-deletion-cost";

interface Ranked {
  pod: Pod;
  /** Related active Pods on the same node: of two Pods the one with more company goes first. */
  company: number;
}

/**
 * Which Pods of a ReplicaSet go when it shrinks, in the order of Kubernetes (1.22 and later, logarithmic scale-down): not assigned to a node;
 * pending before unknown before running; not ready; lower pod-deletion-cost; more related Pods on its node; ready for a shorter time;
 * more restarts; younger. Times count by their magnitude, and the uid breaks ties, so that the choice among equals is arbitrary.
 * `related` are all active Pods of the same Deployment. `now` in milliseconds since the epoch.
 */
export function chooseVictims(pods: readonly Pod[], count: number, related: readonly Pod[], now: number): Pod[] {
  if (count >= pods.length) return [...pods];
  const perNode = new Map<string, number>();
  for (const { spec } of related) {
    const node = spec?.nodeName;
    if (node) perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  const ranked = pods.map((pod): Ranked => ({ pod, company: perNode.get(pod.spec?.nodeName ?? "") ?? 0 }));
  ranked.sort((a, b) => compare(a, b, now));
  return ranked.slice(0, count).map(({ pod }) => pod);
}

const phaseOrder: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

function compare(a: Ranked, b: Ranked, now: number): number {
  const left = a.pod;
  const right = b.pod;
  return (
    Number(Boolean(left.spec?.nodeName)) - Number(Boolean(right.spec?.nodeName)) ||
    phaseOf(left) - phaseOf(right) ||
    Number(isReady(left)) - Number(isReady(right)) ||
    costOf(left) - costOf(right) ||
    b.company - a.company ||
    compareAge(readySince(left), readySince(right), now) ||
    restartsOf(right) - restartsOf(left) ||
    compareAge(createdAt(left), createdAt(right), now) ||
    (uidOf(left) < uidOf(right) ? -1 : 1)
  );
}

function phaseOf(pod: Pod): number {
  return phaseOrder[pod.status?.phase ?? "Pending"] ?? 1;
}

/** An annotation that is no 32-bit integer counts as 0, as it does in Kubernetes. */
function costOf(pod: Pod): number {
  const text = pod.metadata?.annotations?.[deletionCost] ?? "0";
  if (!/^(0|-?[1-9][0-9]{0,9})$/.test(text)) return 0;
  const cost = Number(text);
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0;
}

function restartsOf(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}

function createdAt(pod: Pod): number {
  return Date.parse(pod.metadata?.creationTimestamp ?? "") || 0;
}

/** Younger first, by order of magnitude of the age in nanoseconds, as Kubernetes counts; equal magnitudes are equal. */
function compareAge(a: number | undefined, b: number | undefined, now: number): number {
  if (a === undefined || b === undefined || a === b) return 0;
  return magnitude(now - a) - magnitude(now - b);
}

function magnitude(age: number): number {
  return age <= 0 ? -1 : Math.floor(Math.log2(age * 1e6));
}

import type { Node, Taint } from "../../../kubernetes/types.ts";
import { equal } from "../shared/equal.ts";

export const notReadyTaint = "node.kubernetes.io/not-ready";
export const unreachableTaint = "node.kubernetes.io/unreachable";
const unschedulableTaint = "node.kubernetes.io/unschedulable";

const pressureTaints: Record<string, string> = {
  MemoryPressure: "node.kubernetes.io/memory-pressure",
  DiskPressure: "node.kubernetes.io/disk-pressure",
  PIDPressure: "node.kubernetes.io/pid-pressure",
  NetworkUnavailable: "node.kubernetes.io/network-unavailable",
};
const ownKeys = new Set([notReadyTaint, unreachableTaint, unschedulableTaint, ...Object.values(pressureTaints)]);

export function readyStatus(node: Node): string | undefined {
  return node.status?.conditions?.find(({ type }) => type === "Ready")?.status;
}

/**
 * All taints that a Node shall have: those of others as they are, and this controller's by the Node's conditions. undefined when it has them.
 * `mayEvict`: with NoExecute, which drives Pods away; not while all nodes look dead. `time` (RFC 3339) is timeAdded of new ones.
 */
export function wantedTaints(node: Node, mayEvict: boolean, time: string): Taint[] | undefined {
  const wanted: Pick<Taint, "key" | "effect">[] = [];
  if (node.spec?.unschedulable) wanted.push({ key: unschedulableTaint, effect: "NoSchedule" });
  for (const { type, status } of node.status?.conditions ?? []) {
    const key = pressureTaints[type];
    if (key !== undefined && status === "True") wanted.push({ key, effect: "NoSchedule" });
  }
  const ready = readyStatus(node);
  if (ready === "False" || ready === "Unknown") {
    const key = ready === "False" ? notReadyTaint : unreachableTaint;
    wanted.push({ key, effect: "NoSchedule" });
    if (mayEvict) wanted.push({ key, effect: "NoExecute" });
  }
  const before = node.spec?.taints ?? [];
  const kept = before.filter((taint) => !isOwn(taint) || wanted.some((want) => isSame(want, taint)));
  const added = wanted.filter((want) => !before.some((taint) => isSame(want, taint)));
  const taints = [...kept, ...added.map((taint) => ({ ...taint, timeAdded: time }))];
  return equal(taints, before) ? undefined : taints;
}

/** The keys are reserved, but only with the effects that conditions give: somebody may add another by hand. */
function isOwn({ key, effect }: Taint): boolean {
  if (!ownKeys.has(key)) return false;
  return effect === "NoSchedule" || (effect === "NoExecute" && (key === notReadyTaint || key === unreachableTaint));
}

function isSame(a: Pick<Taint, "key" | "effect">, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}

import type { Deployment, ReplicaSet } from "../../../kubernetes/types.ts";
import { desiredAnnotation, maxAnnotation } from "./revision.ts";
import { growNew, scaleProportionally, shrinkOld } from "./rolling.ts";
import { maxSurgeOf, maxUnavailableOf, type Sets } from "./status.ts";
import { sameTemplate } from "./template-hash.ts";

/** What one pass does to the sizes of a Deployment's ReplicaSets, and why. */
export interface Plan {
  reason:
    | "one-active-set"
    | "rollout-finished"
    | "proportional"
    | "shrink-new"
    | "grow-new"
    | "shrink-old"
    | "recreate-stop-old"
    | "recreate-wait"
    | "settled";
  /** New sizes by name of ReplicaSet; those that stay are left out. */
  sizes: Map<string, number>;
}

export function sizeOf(set: ReplicaSet): number {
  return set.spec?.replicas ?? 1;
}

/** Of several sets with the same template the oldest one is the current one, so that all passes choose the same. */
export function splitSets(deployment: Deployment, owned: readonly ReplicaSet[]): Sets {
  const byAge = [...owned].sort((a, b) => createdAt(a) - createdAt(b) || (nameOf(a) < nameOf(b) ? -1 : 1));
  const current = byAge.find((set) => sameTemplate(set.spec?.template, deployment.spec?.template));
  return { current, old: byAge.filter((set) => set !== current) };
}

/** The Deployment's replicas were changed since its active sets were sized. */
export function wasScaled(deployment: Deployment, { current, old }: Sets): boolean {
  const wanted = String(deployment.spec?.replicas ?? 1);
  const active = [...old, ...(current === undefined ? [] : [current])].filter((set) => sizeOf(set) > 0);
  return active.some(({ metadata }) => {
    const desired = metadata?.annotations?.[desiredAnnotation];
    return desired !== undefined && desired !== wanted;
  });
}

/** A new number of replicas, without a step of the rollout: also what a paused Deployment does. */
export function planScaling(deployment: Deployment, sets: Sets): Plan {
  const { current, old } = sets;
  const replicas = deployment.spec?.replicas ?? 1;
  const all = [...old, ...(current === undefined ? [] : [current])];
  const active = all.filter((set) => sizeOf(set) > 0);
  if (active.length <= 1) {
    const only = active[0] ?? current ?? old.at(-1);
    return { reason: "one-active-set", sizes: resized(only === undefined ? [] : [[only, replicas]]) };
  }
  if (current !== undefined && isSaturated(deployment, current)) {
    return { reason: "rollout-finished", sizes: resized(old.map((set) => [set, 0])) };
  }
  if (deployment.spec?.strategy?.type === "Recreate") return { reason: "settled", sizes: new Map() };
  const scaled = active.map((set) => ({
    name: nameOf(set),
    size: sizeOf(set),
    maxReplicas: Number.parseInt(set.metadata?.annotations?.[maxAnnotation] ?? "", 10) || 0,
    createdAt: createdAt(set),
  }));
  const sizes = scaleProportionally(scaled, replicas, maxSurgeOf(deployment), deployment.status?.replicas ?? 0);
  return { reason: "proportional", sizes };
}

/** The next step of a rolling update; the current set must exist. */
export function planRolling(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Plan {
  const replicas = deployment.spec?.replicas ?? 1;
  const totalPods = sizeOf(current) + old.reduce((sum, set) => sum + sizeOf(set), 0);
  const size = sizeOf(current);
  if (size > replicas) return { reason: "shrink-new", sizes: resized([[current, replicas]]) };
  if (size < replicas) {
    const grown = growNew(replicas, maxSurgeOf(deployment), size, totalPods);
    if (grown !== size) return { reason: "grow-new", sizes: resized([[current, grown]]) };
  }
  const sizes = shrinkOld(
    old.map((set) => ({ name: nameOf(set), size: sizeOf(set), available: set.status?.availableReplicas ?? 0 })),
    {
      replicas,
      unavailable: maxUnavailableOf(deployment),
      totalPods,
      newUnavailable: size - (current.status?.availableReplicas ?? 0),
      available: [current, ...old].reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0),
    },
  );
  return { reason: sizes.size > 0 ? "shrink-old" : "settled", sizes };
}

/** The next step of a Recreate: nothing new runs before the last old Pod is gone. */
export function planRecreate(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  oldPodsRun: boolean,
): Plan {
  const stop = resized(old.map((set) => [set, 0]));
  if (stop.size > 0) return { reason: "recreate-stop-old", sizes: stop };
  if (oldPodsRun) return { reason: "recreate-wait", sizes: new Map() };
  const replicas = deployment.spec?.replicas ?? 1;
  const sizes = resized(current === undefined ? [] : [[current, replicas]]);
  return { reason: sizes.size > 0 ? "grow-new" : "settled", sizes };
}

function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const replicas = deployment.spec?.replicas ?? 1;
  return (
    sizeOf(set) === replicas &&
    set.metadata?.annotations?.[desiredAnnotation] === String(replicas) &&
    (set.status?.availableReplicas ?? 0) === replicas
  );
}

function resized(wanted: [ReplicaSet, number][]): Map<string, number> {
  return new Map(wanted.filter(([set, size]) => sizeOf(set) !== size).map(([set, size]) => [nameOf(set), size]));
}

function nameOf(set: ReplicaSet): string {
  return set.metadata?.name ?? "";
}

function createdAt(set: ReplicaSet): number {
  return Date.parse(set.metadata?.creationTimestamp ?? "") || 0;
}

/** The arithmetic of rolling updates: how many replicas old and new ReplicaSets may have. Pure numbers, no objects. */

export type IntOrPercent = number | string | undefined;

/**
 * maxSurge rounds up, maxUnavailable down; both zero would never move, so maxUnavailable is 1 then (as Kubernetes' ResolveFenceposts).
 * Percentages are of `replicas`. An unreadable value counts as 0: validation has refused it.
 */
export function resolveFenceposts(
  maxSurge: IntOrPercent,
  maxUnavailable: IntOrPercent,
  replicas: number,
): { surge: number; unavailable: number } {
  const surge = resolve(maxSurge, replicas, Math.ceil);
  const unavailable = resolve(maxUnavailable, replicas, Math.floor);
  if (surge === 0 && unavailable === 0) return { surge, unavailable: 1 };
  return { surge, unavailable: Math.min(unavailable, replicas) };
}

export function resolve(value: IntOrPercent, total: number, round: (value: number) => number): number {
  if (typeof value === "number") return value;
  const match = /^(\d+)%$/.exec(value ?? "");
  return match === null ? 0 : round((Number(match[1]) * total) / 100);
}

/** How far the new ReplicaSet may grow now: never more Pods in total than replicas + surge. Returns its new size. */
export function growNew(replicas: number, surge: number, newSize: number, totalPods: number): number {
  const room = replicas + surge - totalPods;
  if (room <= 0) return newSize;
  return newSize + Math.min(room, replicas - newSize);
}

export interface OldSet {
  name: string;
  size: number;
  available: number;
}

/**
 * How the old ReplicaSets shrink, oldest first: first the replicas that are not available (they serve nobody), then as many as availability
 * allows. `newUnavailable` replicas of the new set that are not available yet count as if they were missing.
 */
export function shrinkOld(
  old: readonly OldSet[],
  options: { replicas: number; unavailable: number; totalPods: number; newUnavailable: number; available: number },
): Map<string, number> {
  const sizes = new Map(old.map(({ name, size }) => [name, size]));
  const minAvailable = options.replicas - options.unavailable;
  let unhealthyQuota = options.totalPods - minAvailable - options.newUnavailable;
  if (unhealthyQuota <= 0) return new Map();
  let cleaned = 0;
  for (const { name, size, available } of old) {
    const gone = Math.min(unhealthyQuota, Math.max(0, size - available));
    sizes.set(name, size - gone);
    unhealthyQuota -= gone;
    cleaned += gone;
  }
  let healthyQuota = Math.min(options.available - minAvailable, options.totalPods - cleaned);
  for (const { name } of old) {
    if (healthyQuota <= 0) break;
    const size = sizes.get(name) ?? 0;
    const gone = Math.min(healthyQuota, size);
    sizes.set(name, size - gone);
    healthyQuota -= gone;
  }
  return changed(old, sizes);
}

export interface ScaledSet {
  name: string;
  size: number;
  /** replicas + surge when its size was last decided (annotation deployment.kubernetes.io/max-replicas); 0 when unknown. */
  maxReplicas: number;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

/**
 * Proportional scaling: a Deployment that is resized in the middle of a rollout shares the difference among its ReplicaSets by their
 * size, so that a bad new version does not get all of the new replicas. The remainder goes to the largest.
 */
export function scaleProportionally(
  sets: readonly ScaledSet[],
  replicas: number,
  surge: number,
  oldReplicas: number,
): Map<string, number> {
  const active = sets.filter(({ size }) => size > 0);
  const total = active.reduce((sum, { size }) => sum + size, 0);
  const allowed = replicas > 0 ? replicas + surge : 0;
  const toAdd = allowed - total;
  const sizes = new Map(active.map(({ name, size }) => [name, size]));
  if (toAdd === 0) return new Map();
  const bySize = [...active].sort((a, b) => {
    return b.size - a.size || (toAdd > 0 ? b.createdAt - a.createdAt : a.createdAt - b.createdAt);
  });
  let added = 0;
  for (const { name, size, maxReplicas } of bySize) {
    const before = maxReplicas > 0 ? maxReplicas : oldReplicas;
    const fair = replicas === 0 ? -size : Math.round((size * allowed) / Math.max(before, 1)) - size;
    const left = toAdd - added;
    const share = toAdd > 0 ? Math.min(Math.max(fair, 0), left) : Math.max(Math.min(fair, 0), left);
    sizes.set(name, size + share);
    added += share;
  }
  // What rounding left over: the largest takes it, and the next ones what it cannot.
  let left = toAdd - added;
  for (const { name } of bySize) {
    const size = sizes.get(name) ?? 0;
    const taken = Math.max(left, -size);
    sizes.set(name, size + taken);
    left -= taken;
  }
  return changed(active, sizes);
}

function changed(sets: readonly { name: string; size: number }[], sizes: Map<string, number>): Map<string, number> {
  return new Map([...sizes].filter(([name, size]) => sets.find((set) => set.name === name)?.size !== size));
}

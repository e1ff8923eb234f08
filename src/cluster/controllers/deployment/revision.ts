import type { Deployment, ReplicaSet } from "../../../kubernetes/types.ts";
import { isDeleting } from "../shared/keys.ts";

const prefix = "deployment.kubernetes.io/";
export const revisionAnnotation = `${prefix}revision`;
const historyAnnotation = `${prefix}revision-history`;
export const desiredAnnotation = `${prefix}desired-replicas`;
export const maxAnnotation = `${prefix}max-replicas`;

/** These describe the Deployment itself and are not handed on to its ReplicaSets. */
const notCopied = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
  "deprecated.deployment.rollback.to",
]);

type Annotations = Record<string, string>;

/** 0 for a ReplicaSet that has none. */
export function revisionOf(set: ReplicaSet): number {
  return Number.parseInt(set.metadata?.annotations?.[revisionAnnotation] ?? "", 10) || 0;
}

export function nextRevision(old: readonly ReplicaSet[]): number {
  return Math.max(0, ...old.map(revisionOf)) + 1;
}

/**
 * The annotations of the ReplicaSet that has the present template: the Deployment's, and the revision, which only grows (a rollback gives an
 * old set a new number; the ones it had before stay in revision-history).
 */
export function currentAnnotations(deployment: Deployment, existing: Annotations, revision: number): Annotations {
  const annotations = { ...existing };
  for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) {
    if (!notCopied.has(key)) annotations[key] = value;
  }
  const before = annotations[revisionAnnotation];
  const old = Number.parseInt(before ?? "", 10) || 0;
  if (old < revision) {
    annotations[revisionAnnotation] = String(revision);
    if (before !== undefined) {
      const history = (annotations[historyAnnotation] ?? "").split(",").filter((entry) => entry !== "");
      if (!history.includes(before)) annotations[historyAnnotation] = [...history, before].join(",");
    }
  }
  return annotations;
}

/** What proportional scaling reads back later: the size that was wanted, and the most there may be. */
export function sizeAnnotations(replicas: number, surge: number): Annotations {
  return { [desiredAnnotation]: String(replicas), [maxAnnotation]: String(replicas + surge) };
}

/** Old ReplicaSets beyond revisionHistoryLimit, lowest revision first: only those that are empty and known to be. */
export function beyondHistory(deployment: Deployment, old: readonly ReplicaSet[]): ReplicaSet[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? 10;
  const kept = old.filter((set) => !isDeleting(set));
  const excess = kept.length - limit;
  if (excess <= 0) return [];
  const oldest = [...kept].sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, excess);
  return oldest.filter(({ spec, status, metadata }) => {
    const observed = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
    return (spec?.replicas ?? 1) === 0 && (status?.replicas ?? 0) === 0 && observed;
  });
}

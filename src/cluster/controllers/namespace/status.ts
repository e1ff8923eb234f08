import type { Namespace } from "../../../kubernetes/types.ts";

export type NamespaceCondition = NonNullable<NonNullable<Namespace["status"]>["conditions"]>[number];

/** What one pass over a terminating namespace found. */
export interface Remains {
  /** Objects still there, by "plural.group". */
  counts: Map<string, number>;
  /** Objects that wait for a finalizer, by its name. */
  finalizers: Map<string, number>;
  /** Messages of what could not be listed or deleted. */
  failures: string[];
}

/** The conditions that tell people why a namespace stays Terminating; types, reasons and messages are Kubernetes' own. */
export function deletionConditions(
  before: readonly NamespaceCondition[],
  { counts, finalizers, failures }: Remains,
  now: number,
): NamespaceCondition[] {
  const content = [...counts].sort().map(([what, count]) => `${what} has ${count} resource instances`);
  const held = [...finalizers].sort().map(([name, count]) => `${name} in ${count} resource instances`);
  const wanted: [type: string, bad: boolean, badReason: string, goodReason: string, bad: string, good: string][] = [
    [
      "NamespaceDeletionContentFailure",
      failures.length > 0,
      "ContentDeletionFailed",
      "ContentDeleted",
      `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(", ")}`,
      "All content successfully deleted, may be waiting on finalization",
    ],
    [
      "NamespaceContentRemaining",
      content.length > 0,
      "SomeResourcesRemain",
      "ContentRemoved",
      `Some resources are remaining: ${content.join(", ")}`,
      "All content successfully removed",
    ],
    [
      "NamespaceFinalizersRemaining",
      held.length > 0,
      "SomeFinalizersRemain",
      "ContentHasNoFinalizers",
      `Some content in the namespace has finalizers remaining: ${held.join(", ")}`,
      "All content-preserving finalizers finished",
    ],
  ];
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
  return wanted.map(([type, isBad, badReason, goodReason, bad, good]) => {
    const status = isBad ? "True" : "False";
    const old = before.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : time;
    return { type, status, reason: isBad ? badReason : goodReason, message: isBad ? bad : good, lastTransitionTime };
  });
}

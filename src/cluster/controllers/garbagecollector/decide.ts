import type { OwnerReference } from "../../../kubernetes/types.ts";
import { foregroundFinalizer, type GraphNode, orphanFinalizer } from "./graph.ts";

/** How an owner stands: there, gone for good, or itself waiting for its dependents to go first (foreground deletion). */
export type OwnerState = "present" | "absent" | "waiting";

/** What the collector does with one object, and why. */
export type Decision =
  | { action: "keep"; reason: "no-owner" | "owned" | "being-deleted" }
  /** Some owner lives: references to the others go. */
  | { action: "drop-references"; uids: string[]; reason: "other-owner-lives" }
  | { action: "delete"; policy: "Background" | "Foreground" | "Orphan"; unblock: boolean; reason: string }
  /** The object is deleted with propagation Orphan: its dependents lose the reference, then it goes. */
  | { action: "orphan-dependents"; reason: "deleted-with-orphan" }
  /** The object is deleted in the foreground: `blocking` must be gone first; with none left it goes. */
  | { action: "wait-for-dependents"; blocking: GraphNode[]; reason: "deleted-in-foreground" };

export function isWaiting(node: GraphNode): boolean {
  return node.deleting && node.finalizers.includes(foregroundFinalizer);
}

/** The rules of Kubernetes' garbage collector. `stateOf` is asked for each owner of an object that is not being deleted. */
export function decide(
  node: GraphNode,
  dependents: readonly GraphNode[],
  stateOf: (owner: OwnerReference) => OwnerState,
): Decision {
  if (node.deleting) {
    if (node.finalizers.includes(orphanFinalizer))
      return { action: "orphan-dependents", reason: "deleted-with-orphan" };
    if (!isWaiting(node)) return { action: "keep", reason: "being-deleted" };
    const blocking = dependents.filter(({ owners }) => {
      return owners.some(({ uid, blockOwnerDeletion }) => uid === node.uid && blockOwnerDeletion === true);
    });
    return { action: "wait-for-dependents", blocking, reason: "deleted-in-foreground" };
  }
  if (node.owners.length === 0) return { action: "keep", reason: "no-owner" };
  const states = node.owners.map((owner) => ({ owner, state: stateOf(owner) }));
  const notLiving = states.filter(({ state }) => state !== "present");
  if (notLiving.length < states.length) {
    if (notLiving.length === 0) return { action: "keep", reason: "owned" };
    return { action: "drop-references", uids: notLiving.map(({ owner }) => owner.uid), reason: "other-owner-lives" };
  }
  const someWait = states.some(({ state }) => state === "waiting");
  if (someWait && dependents.length > 0) {
    // An owner waits for this, and this has dependents of its own: from the leaves up. In a circle nobody may wait for the next.
    const unblock = dependents.some(isWaiting);
    return { action: "delete", policy: "Foreground", unblock, reason: "owner-waits" };
  }
  const policy = node.finalizers.includes(orphanFinalizer)
    ? "Orphan"
    : node.finalizers.includes(foregroundFinalizer)
      ? "Foreground"
      : "Background";
  return { action: "delete", policy, unblock: false, reason: someWait ? "owner-waits" : "owners-gone" };
}

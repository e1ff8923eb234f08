import type { Node } from "../../../kubernetes/types.ts";
import { notReadyTaint } from "../nodelifecycle/taints.ts";

/** How long after the birth of a cluster its first nodes are waited for. Milliseconds. */
export const startPeriod = 30_000;

/**
 * The nodes that a new cluster begins with, while they are not ready for their first Pods. A Pod rather waits for them than joins its like on the
 * node that happened to be first, or is told that nothing takes it. A node that was ready once is none of them any more, whatever happens to it.
 */
export class StartingNodes {
  readonly #names: Set<string>;
  readonly #until: number;

  /** `born`: when the cluster's first objects were made. Milliseconds since the epoch. */
  constructor(names: Iterable<string>, born: number) {
    this.#names = new Set(names);
    this.#until = born + startPeriod;
  }

  /** How many are still to come. */
  left(now: number): number {
    return now < this.#until ? this.#names.size : 0;
  }

  /** Milliseconds until nothing is waited for any more. */
  timeLeft(now: number): number {
    return this.left(now) === 0 ? 0 : this.#until - now;
  }

  /** Returns whether the node has just become ready. */
  see(node: Node): boolean {
    return isReady(node) && this.forget(node);
  }

  /** Returns whether the node was waited for. */
  forget(node: Node): boolean {
    return this.#names.delete(node.metadata?.name ?? "");
  }
}

/** Says so itself, and is believed. */
function isReady({ spec, status }: Node): boolean {
  const says = status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
  return says === true && !spec?.taints?.some(({ key }) => key === notReadyTaint);
}

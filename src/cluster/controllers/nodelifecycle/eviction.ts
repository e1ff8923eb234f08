import type { Pod, Taint } from "../../../kubernetes/types.ts";
import { tolerates } from "../shared/taints.ts";

/** A NoExecute taint and when this controller first saw it on the node, on its own clock in milliseconds. */
export interface SeenTaint {
  taint: Taint;
  since: number;
}

/**
 * When a Pod has to leave a node, on the clock of `since`: at once for a taint it does not tolerate, after the shortest tolerationSeconds of those
 * it does. undefined: it may stay.
 */
export function evictionTime(pod: Pod, taints: readonly SeenTaint[]): number | undefined {
  let earliest: number | undefined;
  for (const { taint, since } of taints) {
    const tolerating = (pod.spec?.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
    const limits = tolerating.map(({ tolerationSeconds }) => tolerationSeconds).filter((limit) => limit !== undefined);
    if (tolerating.length > 0 && limits.length === 0) continue;
    // Zero and negative mean at once.
    const seconds = tolerating.length === 0 ? 0 : Math.max(0, Math.min(...limits));
    const at = since + seconds * 1000;
    if (earliest === undefined || at < earliest) earliest = at;
  }
  return earliest;
}

/** Remembers since when each NoExecute taint is on a node; a taint that goes and comes back starts anew. */
export class TaintClock {
  readonly #since = new Map<string, Map<string, number>>();

  update(node: string, taints: readonly Taint[], now: number): SeenTaint[] {
    const before = this.#since.get(node);
    const seen = taints
      .filter(({ effect }) => effect === "NoExecute")
      .map((taint) => ({ taint, since: before?.get(idOf(taint)) ?? now }));
    if (seen.length === 0) this.#since.delete(node);
    else this.#since.set(node, new Map(seen.map(({ taint, since }) => [idOf(taint), since])));
    return seen;
  }

  /** Time during which nobody could take a taint back does not count. */
  shift(milliseconds: number): void {
    for (const taints of this.#since.values()) for (const [id, since] of taints) taints.set(id, since + milliseconds);
  }

  forget(node: string): void {
    this.#since.delete(node);
  }
}

function idOf({ key, value }: Taint): string {
  return `${key}=${value ?? ""}`;
}

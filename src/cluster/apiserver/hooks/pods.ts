import type { Pod } from "../../../kubernetes/types.ts";
import type { KindHooks } from "../registry.ts";

const defaultGrace = 30;

/**
 * How a Pod ends: it stays, with a deletionTimestamp, until its node's agent has stopped the containers and deletes it with grace 0. A Pod
 * that is on no node, or whose containers ended already, has nothing to wait for.
 */
export function podHooks(): KindHooks {
  return {
    gracePeriod(object, requested) {
      const { spec, status } = object as Pod;
      if (!spec?.nodeName || status?.phase === "Succeeded" || status?.phase === "Failed") return 0;
      return requested ?? spec.terminationGracePeriodSeconds ?? defaultGrace;
    },
  };
}

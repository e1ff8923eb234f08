import type { Pod } from "../../../kubernetes/types.ts";
import type { Collection } from "../../storage/collection.ts";
import type { KindHooks } from "../registry.ts";
import { forbidden } from "../status.ts";

const defaultGrace = 30;
const pods = { group: "", plural: "pods" };

export interface PodHookOptions {
  serviceAccounts: Collection;
  /** How long a Pod stays bound to a dead node, in milliseconds (Timings.podEviction). */
  podEviction: number;
}

/**
 * Admission of Pods, and how they end: a Pod stays, with a deletionTimestamp, until its node's agent has stopped the containers and deletes it
 * with grace 0. A Pod that is on no node, or whose containers ended already, has nothing to wait for.
 */
export function podHooks({ serviceAccounts, podEviction }: PodHookOptions): KindHooks {
  return {
    admitCreate(object) {
      const pod = object as Pod;
      const account = pod.spec?.serviceAccountName ?? "default";
      if (serviceAccounts.latest(`${object.metadata.namespace}/${account}`) === undefined) {
        const where = `${object.metadata.namespace}/${account}`;
        throw forbidden(
          pods,
          object.metadata.name ?? "",
          `error looking up service account ${where}: serviceaccount ${JSON.stringify(account)} not found`,
        );
      }
      addDefaultTolerations(pod, Math.ceil(podEviction / 1000));
    },
    gracePeriod(object, requested) {
      const { spec, status } = object as Pod;
      if (!spec?.nodeName || status?.phase === "Succeeded" || status?.phase === "Failed") return 0;
      return requested ?? spec.terminationGracePeriodSeconds ?? defaultGrace;
    },
  };
}

/** DefaultTolerationSeconds: a Pod leaves a dead node after a while, unless it says otherwise itself. */
function addDefaultTolerations(pod: Pod, tolerationSeconds: number): void {
  const { spec } = pod;
  if (spec === undefined) return;
  for (const key of ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]) {
    const tolerated = (spec.tolerations ?? []).some(
      (one) => (!one.key || one.key === key) && (!one.effect || one.effect === "NoExecute"),
    );
    if (tolerated) continue;
    spec.tolerations = [
      ...(spec.tolerations ?? []),
      { key, operator: "Exists", effect: "NoExecute", tolerationSeconds },
    ];
  }
}

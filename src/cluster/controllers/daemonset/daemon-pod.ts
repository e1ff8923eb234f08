import { daemonSets } from "../../../kubernetes/resource.ts";
import type { DaemonSet, Node, Pod, Toleration } from "../../../kubernetes/types.ts";
import { templateHash } from "../deployment/template-hash.ts";
import { wantsNode } from "../shared/node-affinity.ts";
import { podFromTemplate } from "../shared/pod-from-template.ts";
import { untolerated } from "../shared/taints.ts";

export const revisionLabel = "controller-revision-hash";
const nodeNameField = "metadata.name";

/** What every daemon Pod tolerates besides its own tolerations: a node's trouble is no reason to leave it. */
const builtIn: Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];
const networkUnavailable: Toleration = {
  key: "node.kubernetes.io/network-unavailable",
  operator: "Exists",
  effect: "NoSchedule",
};

export function revisionOf(daemonSet: DaemonSet): string {
  return templateHash(daemonSet.spec?.template);
}

/** The Pod for one node. It is bound there by the scheduler like any other: node affinity names the node. */
export function daemonPod(daemonSet: DaemonSet, node: string): Pod {
  const pod = podFromTemplate(daemonSet.spec?.template ?? {}, daemonSet, daemonSets);
  const { spec, metadata } = pod;
  const required = { nodeSelectorTerms: [{ matchFields: [{ key: nodeNameField, operator: "In", values: [node] }] }] };
  return {
    ...pod,
    metadata: { ...metadata, labels: { ...metadata?.labels, [revisionLabel]: revisionOf(daemonSet) } },
    spec: {
      ...spec,
      containers: spec?.containers ?? [],
      tolerations: [...(spec?.tolerations ?? []), ...builtIn, ...(spec?.hostNetwork ? [networkUnavailable] : [])],
      affinity: {
        ...spec?.affinity,
        nodeAffinity: {
          ...spec?.affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: required,
        },
      },
    },
  };
}

/** The node that a daemon Pod runs on, or was made for while it waits for the scheduler. */
export function nodeOf(pod: Pod): string {
  if (pod.spec?.nodeName) return pod.spec.nodeName;
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  for (const { matchFields = [] } of required?.nodeSelectorTerms ?? []) {
    for (const { key, operator, values = [] } of matchFields) {
      if (key === nodeNameField && operator === "In" && values.length === 1) return values[0] ?? "";
    }
  }
  return "";
}

/** `run`: a Pod belongs on the node. `stay`: one that is there may stay (a new NoSchedule taint drives nobody away). */
export function eligibility(daemonSet: DaemonSet, node: Node): { run: boolean; stay: boolean; reason: string } {
  const template = daemonSet.spec?.template ?? {};
  const wanted = template.spec?.nodeName;
  if (wanted && wanted !== node.metadata?.name) return { run: false, stay: false, reason: "other-node-requested" };
  if (!wantsNode({ spec: template.spec }, node)) return { run: false, stay: false, reason: "affinity" };
  const { tolerations } = daemonPod(daemonSet, node.metadata?.name ?? "").spec ?? {};
  if (untolerated(node.spec?.taints, tolerations, ["NoExecute"]) !== undefined)
    return { run: false, stay: false, reason: "taint" };
  if (untolerated(node.spec?.taints, tolerations, ["NoSchedule"]) !== undefined)
    return { run: false, stay: true, reason: "taint" };
  return { run: true, stay: true, reason: "eligible" };
}

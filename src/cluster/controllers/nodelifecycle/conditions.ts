import type { Node, NodeCondition } from "../../../kubernetes/types.ts";

const watched = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/** The conditions of a node that is not heard any more, as Kubernetes words them. Empty when all of them say so already. */
export function unknownConditions(node: Node, now: number): NodeCondition[] {
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
  const changed: NodeCondition[] = [];
  for (const type of watched) {
    const old = node.status?.conditions?.find((condition) => condition.type === type);
    if (old?.status === "Unknown") continue;
    changed.push({
      type,
      status: "Unknown",
      reason: old === undefined ? "NodeStatusNeverUpdated" : "NodeStatusUnknown",
      message: old === undefined ? "Kubelet never posted node status." : "Kubelet stopped posting node status.",
      lastHeartbeatTime: old?.lastHeartbeatTime ?? node.metadata?.creationTimestamp,
      lastTransitionTime: time,
    });
  }
  return changed;
}

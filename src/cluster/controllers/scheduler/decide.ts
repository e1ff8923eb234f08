import { preferenceOf, wantsNode } from "../shared/node-affinity.ts";
import { toleratesAny, untolerated } from "../shared/taints.ts";
import type { NodeAccount } from "./node-account.ts";
import type { PodNeeds } from "./pod-needs.ts";

const unschedulableTaint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" } as const;

/**
 * Where a Pod goes, or why no node takes it: counts by reason, in Kubernetes' words. `startingNodes`: it does better to wait for one of so many
 * nodes that are about to come.
 */
export type Decision = { node: string } | { rejections: Map<string, number> } | { startingNodes: number };

/**
 * Chooses a node: of those that no filter rejects, the one that the Pod prefers most, then the one with the fewest Pods of the same owner, then
 * the least loaded one, then the first by name. While nodes are starting, a Pod waits for them where it fits nowhere yet, or only beside Pods of
 * the same owner.
 */
export function decide(needs: PodNeeds, accounts: Iterable<NodeAccount>, startingNodes = 0): Decision {
  const rejections = new Map<string, number>();
  let best: { account: NodeAccount; score: Score } | undefined;
  for (const account of accounts) {
    const reasons = rejectionsOf(needs, account);
    for (const reason of reasons) rejections.set(reason, (rejections.get(reason) ?? 0) + 1);
    if (reasons.length > 0) continue;
    const score = scoreOf(needs, account);
    if (best === undefined || isBetter(score, best.score)) best = { account, score };
  }
  if (startingNodes > 0 && (best === undefined || best.score.company > 0)) return { startingNodes };
  return best === undefined ? { rejections } : { node: best.account.name };
}

/** Why a node does not take a Pod; empty when it does. The first filter that rejects tells all its reasons, as in Kubernetes. */
export function rejectionsOf(needs: PodNeeds, account: NodeAccount): string[] {
  const { node } = account;
  const { pod, requests, hostPorts } = needs;
  if (node === undefined) return ["node(s) were not found"];
  const { tolerations, nodeName } = pod.spec ?? {};
  if (node.spec?.unschedulable && !toleratesAny(tolerations, unschedulableTaint)) return ["node(s) were unschedulable"];
  if (nodeName && nodeName !== account.name) return ["node(s) didn't match the requested node name"];
  const taint = untolerated(node.spec?.taints, tolerations, ["NoSchedule", "NoExecute"]);
  if (taint !== undefined) return [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`];
  if (!wantsNode(pod, node)) return ["node(s) didn't match Pod's node affinity/selector"];
  if (account.hasPortConflict(hostPorts)) return ["node(s) didn't have free ports for the requested pod ports"];
  const reasons: string[] = [];
  if (account.podCount + 1 > (account.allocatable.pods ?? 0)) reasons.push("Too many pods");
  for (const [resource, amount] of Object.entries(requests)) {
    const free = (account.allocatable[resource] ?? 0) - (account.requested[resource] ?? 0);
    if (amount > 0 && amount > free) reasons.push(`Insufficient ${resource}`);
  }
  return reasons;
}

interface Score {
  name: string;
  /** Weights of preferred node affinity, minus taints that would rather not have the Pod: more is better. */
  preference: number;
  /** Pods of the same owner: fewer is better. */
  company: number;
  /** The most used share of what the node has, 0 to 1: less is better. */
  load: number;
}

function scoreOf({ pod, requests, owner }: PodNeeds, account: NodeAccount): Score {
  const node = account.node ?? {};
  const avoided = (node.spec?.taints ?? []).filter((taint) => {
    return taint.effect === "PreferNoSchedule" && !toleratesAny(pod.spec?.tolerations, taint);
  });
  let load = share(account.podCount + 1, account.allocatable.pods);
  for (const resource of ["cpu", "memory"]) {
    const used = (account.requested[resource] ?? 0) + (requests[resource] ?? 0);
    load = Math.max(load, share(used, account.allocatable[resource]));
  }
  // A preference weighs 1 to 100 in the API; a taint outweighs the strongest single one.
  const preference = preferenceOf(pod, node) - 101 * avoided.length;
  return { name: account.name, preference, company: account.ownedBy(owner), load };
}

function share(used: number, all = 0): number {
  return all > 0 ? used / all : used > 0 ? 1 : 0;
}

function isBetter(a: Score, b: Score): boolean {
  if (a.preference !== b.preference) return a.preference > b.preference;
  if (a.company !== b.company) return a.company < b.company;
  if (a.load !== b.load) return a.load < b.load;
  return a.name < b.name;
}

/** The message of condition and event: "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable." */
export function explain(rejections: ReadonlyMap<string, number>, nodeCount: number): string {
  if (nodeCount === 0) return "no nodes available to schedule pods";
  const reasons = [...rejections].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodeCount} nodes are available: ${reasons.join(", ")}.`;
}

import { isConflict, isNotFound } from "../../../kubernetes/errors.ts";
import { pods as podResource } from "../../../kubernetes/resource.ts";
import type { KubernetesObject, Node, Pod } from "../../../kubernetes/types.ts";
import type { StartController } from "../shared/context.ts";
import { equal } from "../shared/equal.ts";
import { unlessGone } from "../shared/gone.ts";
import { isDeleting, keyOf, splitKey, uidOf } from "../shared/keys.ts";
import { isTerminated, podCondition } from "../shared/pod-state.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { decide, explain } from "./decide.ts";
import { NodeAccount } from "./node-account.ts";
import { needsOf } from "./pod-needs.ts";
import { StartingNodes } from "./starting-nodes.ts";

export const schedulerName = "default-scheduler";
/** Changes that may let waiting Pods in are taken together. Milliseconds. */
const wakeDelay = 50;

/**
 * Binds Pods that have no node. A decision is made in one synchronous step on accounts kept per node, and the Pod counts from then on; its binding
 * is written while others are decided. A Pod that fits nowhere waits until something changes that could let it in.
 */
export const startScheduler: StartController = ({ client, events, caches, config, log }) => {
  const accounts = new Map<string, NodeAccount>();
  /** Where each Pod is counted, by uid: also Pods whose binding is still being written. */
  const counted = new Map<string, string>();
  /** Keys of Pods that fit nowhere, or wait for a starting node. */
  const waiting = new Set<string>();
  let wakeTimer: NodeJS.Timeout | undefined;
  const born = Date.parse(caches.namespaces.get("kube-system")?.metadata?.creationTimestamp ?? "");
  const starting = new StartingNodes(config.firstNodes ?? [], born);
  const startTimer = setTimeout(() => wake(), starting.timeLeft(Date.now()));

  const queue = new WorkQueue({ log, sync, concurrency: 32, firstBackoff: 100, longestBackoff: 10_000 });

  const accountOf = (name: string): NodeAccount => {
    let account = accounts.get(name);
    if (account === undefined) {
      account = new NodeAccount(name);
      accounts.set(name, account);
    }
    return account;
  };
  const count = (pod: Pod, node: string) => {
    const uid = uidOf(pod);
    const before = counted.get(uid);
    if (before === node) return;
    if (before !== undefined) uncount(uid);
    accountOf(node).add(uid, needsOf(pod));
    counted.set(uid, node);
  };
  const uncount = (uid: string) => {
    const name = counted.get(uid);
    if (name === undefined) return;
    counted.delete(uid);
    const account = accounts.get(name);
    account?.remove(uid);
    if (account?.node === undefined && account?.podCount === 0) accounts.delete(name);
    wake();
  };
  const wake = () => {
    if (waiting.size === 0) return;
    wakeTimer ??= setTimeout(wakeNow, wakeDelay);
  };
  const wakeNow = () => {
    clearTimeout(wakeTimer);
    wakeTimer = undefined;
    for (const key of waiting) queue.add(key);
    waiting.clear();
  };

  const unsubscribe = [
    caches.nodes.subscribe((change) => {
      const name = change.object.metadata?.name ?? "";
      const account = accountOf(name);
      account.setNode(change.type === "deleted" ? undefined : change.object);
      if (account.node === undefined && account.podCount === 0) accounts.delete(name);
      const started = change.type === "deleted" ? starting.forget(change.object) : starting.see(change.object);
      if (started) wakeNow();
      else if (change.type === "added" || (change.type === "modified" && mayLetIn(change.old, change.object))) wake();
    }),
    caches.pods.subscribe((change) => {
      const { type, object: pod } = change;
      const key = keyOf(pod);
      // Its own demands changed: look again at once. (The condition that says why it waits does not count.)
      if (type === "modified" && !equal(change.old.spec, pod.spec)) waiting.delete(key);
      if (type === "deleted" || isTerminated(pod)) {
        waiting.delete(key);
        uncount(uidOf(pod));
      } else if (pod.spec?.nodeName) {
        waiting.delete(key);
        count(pod, pod.spec.nodeName);
      } else if (isOurs(pod) && !waiting.has(key)) {
        queue.add(key);
      }
    }),
  ];

  async function sync(key: string) {
    const { namespace, name } = splitKey(key);
    const pod = caches.pods.get(name, namespace);
    // Counted without a node in the cache: its binding is written, the cache does not show it yet.
    if (pod === undefined || pod.spec?.nodeName || !isOurs(pod) || counted.has(uidOf(pod))) return;
    const decision = decide(needsOf(pod), candidates(), starting.left(Date.now()));
    if ("startingNodes" in decision) {
      waiting.add(key);
      return;
    }
    if ("rejections" in decision) {
      waiting.add(key);
      await reject(pod, explain(decision.rejections, nodeCount()));
      return;
    }
    count(pod, decision.node);
    try {
      await bind(pod, decision.node);
    } catch (error) {
      uncount(uidOf(pod));
      // Deleted, or bound by somebody else: the cache will tell.
      if (isNotFound(error) || isConflict(error)) return { requeueAfter: 1000 };
      throw error;
    }
    const message = `Successfully assigned ${namespace}/${name} to ${decision.node}`;
    events.record(podResource, pod, "Normal", "Scheduled", message);
    return;
  }

  function* candidates(): Iterable<NodeAccount> {
    for (const account of accounts.values()) if (account.node !== undefined) yield account;
  }
  function nodeCount(): number {
    return [...candidates()].length;
  }

  async function bind(pod: Pod, node: string): Promise<void> {
    const { name, namespace, uid } = pod.metadata ?? {};
    const binding: KubernetesObject & { target: { apiVersion: string; kind: string; name: string } } = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace, uid },
      target: { apiVersion: "v1", kind: "Node", name: node },
    };
    await client.create(podResource, binding, { namespace, name, subresource: "binding" });
  }

  async function reject(pod: Pod, message: string): Promise<void> {
    events.record(podResource, pod, "Warning", "FailedScheduling", message);
    const old = podCondition(pod, "PodScheduled");
    if (old?.status === "False" && old.reason === "Unschedulable" && old.message === message) return;
    const lastTransitionTime =
      old?.status === "False" ? old.lastTransitionTime : `${new Date().toISOString().slice(0, 19)}Z`;
    const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message, lastTransitionTime };
    const { name = "", namespace } = pod.metadata ?? {};
    const patch = { status: { conditions: [condition] } };
    await unlessGone(client.patch(podResource, name, patch, { namespace, subresource: "status", type: "strategic" }));
  }

  return {
    stop() {
      for (const end of unsubscribe) end();
      clearTimeout(wakeTimer);
      clearTimeout(startTimer);
      return queue.stop();
    },
  };
};

/** Waits for this scheduler, and nothing holds it back. */
function isOurs(pod: Pod): boolean {
  const { schedulerName: name = schedulerName, schedulingGates = [], nodeName } = pod.spec ?? {};
  return !nodeName && name === schedulerName && schedulingGates.length === 0 && !isDeleting(pod) && !isTerminated(pod);
}

/** Heartbeats change a Node all the time; only these fields decide what it takes. */
function mayLetIn(old: Node, node: Node): boolean {
  return (
    old.spec?.unschedulable !== node.spec?.unschedulable ||
    !equal(old.spec?.taints, node.spec?.taints) ||
    !equal(old.metadata?.labels, node.metadata?.labels) ||
    !equal(old.status?.allocatable, node.status?.allocatable)
  );
}

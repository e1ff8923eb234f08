import { isNotFound } from "../../../kubernetes/errors.ts";
import { isEmptySelector, matchesSelector } from "../../../kubernetes/label-selector.ts";
import { daemonSets as daemonSetResource, pods as podResource } from "../../../kubernetes/resource.ts";
import type { DaemonSet, Node, Pod } from "../../../kubernetes/types.ts";
import { slowStart } from "../shared/batch.ts";
import { claim } from "../shared/claim.ts";
import type { StartController } from "../shared/context.ts";
import { isNamespaceGone } from "../shared/ensure.ts";
import { equal } from "../shared/equal.ts";
import { Expectations } from "../shared/expectations.ts";
import { unlessGone } from "../shared/gone.ts";
import { controllerOf, isDeleting, keyOf, splitKey, uidOf } from "../shared/keys.ts";
import { patchStatus } from "../shared/patch.ts";
import { isTerminated, untilNextAvailable } from "../shared/pod-state.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { daemonPod, nodeOf } from "./daemon-pod.ts";
import { minReadyOf, type Plan, planMembership, planUpdate } from "./plan.ts";
import { statusOf } from "./status.ts";

/** Between two Pods on one node when the first one failed. Milliseconds. */
const failedPodDelay = 1000;

/** Keeps one Pod of each DaemonSet on every node that it is for. */
export const startDaemonSetController: StartController = ({ client, events, caches, log }) => {
  const expectations = new Expectations();
  const queue = new WorkQueue({ log, sync, minInterval: 20 });
  /** By "namespace/name/node": until when no new Pod follows one that failed there, on performance.now(). */
  const resting = new Map<string, number>();
  const ownerKey = (pod: Pod): string | undefined => {
    const reference = controllerOf(pod);
    if (reference?.kind !== daemonSetResource.kind) return undefined;
    const daemonSet = caches.daemonSets.get(reference.name, pod.metadata?.namespace);
    return daemonSet !== undefined && uidOf(daemonSet) === reference.uid ? keyOf(daemonSet) : undefined;
  };
  const unsubscribe = [
    caches.daemonSets.subscribe((change) => {
      if (change.type === "deleted") expectations.forget(keyOf(change.object));
      queue.add(keyOf(change.object));
    }),
    caches.pods.subscribe((change) => {
      const owner = ownerKey(change.object);
      if (owner === undefined) {
        if (change.type !== "deleted" && controllerOf(change.object) === undefined) addAdopters(change.object);
        return;
      }
      if (change.type === "added" && !isDeleting(change.object)) expectations.creationObserved(owner);
      else if (change.type === "deleted" || isDeleting(change.object))
        expectations.deletionObserved(owner, uidOf(change.object));
      queue.add(owner);
    }),
    caches.nodes.subscribe((change) => {
      if (change.type === "modified" && !mayMatter(change.old, change.object)) return;
      for (const daemonSet of caches.daemonSets.list()) queue.add(keyOf(daemonSet));
    }),
  ];

  function addAdopters(pod: Pod): void {
    for (const daemonSet of caches.daemonSetsIn.get(pod.metadata?.namespace ?? "")) {
      if (matchesSelector(daemonSet.spec?.selector, pod.metadata?.labels)) queue.add(keyOf(daemonSet));
    }
  }

  async function sync(key: string) {
    const { namespace, name } = splitKey(key);
    const daemonSet = caches.daemonSets.get(name, namespace);
    if (daemonSet === undefined) return;
    const selector = daemonSet.spec?.selector;
    if (selector === undefined || isEmptySelector(selector)) {
      const message = "This daemon set is selecting all pods. A non-empty selector is required.";
      events.record(daemonSetResource, daemonSet, "Warning", "SelectingAll", message);
      return;
    }
    const mayManage = expectations.satisfied(key, Date.now());
    const candidates = [...caches.podsByController.get(uidOf(daemonSet)), ...caches.orphanPods.get(namespace)];
    const owner = { object: daemonSet, resource: daemonSetResource, selector };
    const pods = await claim(client, owner, podResource, candidates);
    const situation = { daemonSet, nodes: caches.nodes.list(), pods, now: Date.now() };
    let error: unknown;
    if (mayManage && !isDeleting(daemonSet)) {
      const membership = planMembership(situation);
      membership.create = membership.create.filter((node) => !isResting(key, node));
      const settled = membership.create.length === 0 && membership.remove.length === 0;
      error = await carryOut(key, daemonSet, settled ? planUpdate(situation) : membership);
    }
    await unlessGone(patchStatus(client, daemonSetResource, daemonSet, statusOf(situation)));
    if (error !== undefined) throw error;
    return { requeueAfter: untilNextAvailable(pods, minReadyOf(daemonSet), situation.now) };
  }

  /** Resolves to the first error, after all that could be done was done. */
  async function carryOut(key: string, daemonSet: DaemonSet, { create, remove }: Plan): Promise<unknown> {
    if (create.length === 0 && remove.length === 0) return undefined;
    const { namespace } = splitKey(key);
    expectations.expect(key, { creations: create.length, deletions: remove.map(uidOf) }, Date.now());
    const results = await Promise.allSettled(remove.map((pod) => removePod(key, daemonSet, pod)));
    const { succeeded, error } = await slowStart(create.length, async (index) => {
      const pod = await client.create(podResource, daemonPod(daemonSet, create[index] ?? ""), { namespace });
      const message = `Created pod: ${pod.metadata?.name}`;
      events.record(daemonSetResource, daemonSet, "Normal", "SuccessfulCreate", message);
    });
    expectations.creationObserved(key, create.length - succeeded);
    if (error !== undefined && !isNamespaceGone(error)) {
      const message = `Error creating: ${error instanceof Error ? error.message : error}`;
      events.record(daemonSetResource, daemonSet, "Warning", "FailedCreate", message);
    }
    for (const pod of remove.filter(isTerminated)) {
      resting.set(`${key}/${nodeOf(pod)}`, performance.now() + failedPodDelay);
      queue.addAfter(key, failedPodDelay + 1);
    }
    return error ?? results.find((result) => result.status === "rejected")?.reason;
  }

  function isResting(key: string, node: string): boolean {
    const until = resting.get(`${key}/${node}`);
    if (until === undefined || until > performance.now()) return until !== undefined;
    resting.delete(`${key}/${node}`);
    return false;
  }

  async function removePod(key: string, daemonSet: DaemonSet, pod: Pod): Promise<void> {
    const { name = "", namespace, uid = "" } = pod.metadata ?? {};
    if (pod.status?.phase === "Failed") {
      const message = `Found failed daemon pod ${namespace}/${name} on node ${pod.spec?.nodeName}, will try to kill it`;
      events.record(daemonSetResource, daemonSet, "Warning", "FailedDaemonPod", message);
    }
    try {
      await client.delete(podResource, name, { namespace, preconditions: { uid } });
      events.record(daemonSetResource, daemonSet, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
    } catch (error) {
      expectations.deletionObserved(key, uid);
      if (!isNotFound(error)) throw error;
    }
  }

  return {
    stop() {
      for (const end of unsubscribe) end();
      return queue.stop();
    },
  };
};

/** Heartbeats change a Node all the time; only these fields decide whether it gets a Pod. */
function mayMatter(old: Node, node: Node): boolean {
  return !equal(old.spec?.taints, node.spec?.taints) || !equal(old.metadata?.labels, node.metadata?.labels);
}

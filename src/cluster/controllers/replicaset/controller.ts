import { isAlreadyExists, isNotFound } from "../../../kubernetes/errors.ts";
import { matchesSelector } from "../../../kubernetes/label-selector.ts";
import { pods as podResource, replicaSets as replicaSetResource } from "../../../kubernetes/resource.ts";
import type { Pod, ReplicaSet } from "../../../kubernetes/types.ts";
import { slowStart } from "../shared/batch.ts";
import { claim } from "../shared/claim.ts";
import type { StartController } from "../shared/context.ts";
import { isNamespaceGone } from "../shared/ensure.ts";
import { Expectations } from "../shared/expectations.ts";
import { unlessGone } from "../shared/gone.ts";
import { controllerOf, isDeleting, keyOf, splitKey, uidOf } from "../shared/keys.ts";
import { patchStatus } from "../shared/patch.ts";
import { podFromTemplate } from "../shared/pod-from-template.ts";
import { isActive, untilNextAvailable } from "../shared/pod-state.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { type Failure, statusOf } from "./status.ts";
import { chooseVictims } from "./victims.ts";

/** As Kubernetes: more Pods than this are not created or deleted in one pass. */
const burstReplicas = 500;

/** Keeps as many Pods of each ReplicaSet as it asks for. Expectations keep a cache that is behind from making it create twice. */
export const startReplicaSetController: StartController = ({ client, events, caches, log }) => {
  const expectations = new Expectations();
  const queue = new WorkQueue({
    log,
    sync,
    concurrency: 8,
    // A pass counts all Pods of the set: with many of them, one pass takes in more changes.
    minInterval: (key) => {
      const { namespace, name } = splitKey(key);
      const replicaSet = caches.replicaSets.get(name, namespace);
      return replicaSet === undefined ? 0 : Math.min(200, caches.podsByController.count(uidOf(replicaSet)) / 5);
    },
  });

  const unsubscribe = [
    caches.replicaSets.subscribe((change) => {
      if (change.type === "deleted") expectations.forget(keyOf(change.object));
      queue.add(keyOf(change.object));
    }),
    caches.pods.subscribe((change) => {
      const owner = ownerKey(change.object);
      if (change.type === "modified") {
        const before = ownerKey(change.old);
        if (before !== undefined && before !== owner) queue.add(before);
        if (owner !== undefined && isDeleting(change.object))
          expectations.deletionObserved(owner, uidOf(change.object));
      } else if (owner !== undefined) {
        if (change.type === "added" && !isDeleting(change.object)) expectations.creationObserved(owner);
        else expectations.deletionObserved(owner, uidOf(change.object));
      }
      if (owner !== undefined) queue.add(owner);
      else if (change.type !== "deleted" && controllerOf(change.object) === undefined) addAdopters(change.object);
    }),
  ];

  /** The key of the ReplicaSet that controls a Pod, if it still is the one that the Pod means. */
  function ownerKey(pod: Pod): string | undefined {
    const reference = controllerOf(pod);
    if (reference?.kind !== replicaSetResource.kind) return undefined;
    const replicaSet = caches.replicaSets.get(reference.name, pod.metadata?.namespace);
    return replicaSet !== undefined && uidOf(replicaSet) === reference.uid ? keyOf(replicaSet) : undefined;
  }

  function addAdopters(pod: Pod): void {
    for (const replicaSet of caches.replicaSetsIn.get(pod.metadata?.namespace ?? "")) {
      if (matchesSelector(replicaSet.spec?.selector, pod.metadata?.labels)) queue.add(keyOf(replicaSet));
    }
  }

  async function sync(key: string) {
    const { namespace, name } = splitKey(key);
    const replicaSet = caches.replicaSets.get(name, namespace);
    if (replicaSet === undefined) {
      expectations.forget(key);
      return;
    }
    const mayManage = expectations.satisfied(key, Date.now());
    const selector = replicaSet.spec?.selector;
    const candidates = [...caches.podsByController.get(uidOf(replicaSet)), ...caches.orphanPods.get(namespace)];
    const active = candidates.filter(isActive);
    const owner = { object: replicaSet, resource: replicaSetResource, selector };
    const pods = await claim(client, owner, podResource, active);
    const outcome = mayManage && !isDeleting(replicaSet) ? await manage(key, replicaSet, pods) : undefined;
    const now = Date.now();
    await unlessGone(
      patchStatus(client, replicaSetResource, replicaSet, statusOf(replicaSet, pods, outcome?.failure, now)),
    );
    if (outcome?.error !== undefined) throw outcome.error;
    return { requeueAfter: untilNextAvailable(pods, replicaSet.spec?.minReadySeconds ?? 0, now) };
  }

  /** Creates or deletes Pods until there are as many as wanted. */
  async function manage(
    key: string,
    replicaSet: ReplicaSet,
    pods: Pod[],
  ): Promise<{ failure?: Failure; error?: unknown } | undefined> {
    const missing = (replicaSet.spec?.replicas ?? 1) - pods.length;
    if (missing > 0) return create(key, replicaSet, Math.min(missing, burstReplicas));
    if (missing < 0) return remove(key, replicaSet, pods, Math.min(-missing, burstReplicas));
    return undefined;
  }

  async function create(key: string, replicaSet: ReplicaSet, count: number) {
    expectations.expect(key, { creations: count }, Date.now());
    const pod = podFromTemplate(replicaSet.spec?.template ?? {}, replicaSet, replicaSetResource);
    const { namespace } = splitKey(key);
    const { succeeded, error } = await slowStart(count, async () => {
      const created = await client.create(podResource, pod, { namespace });
      const message = `Created pod: ${created.metadata?.name}`;
      events.record(replicaSetResource, replicaSet, "Normal", "SuccessfulCreate", message);
    });
    expectations.creationObserved(key, count - succeeded);
    if (error === undefined) {
      if (count === burstReplicas) queue.addAfter(key, 1);
      return undefined;
    }
    // A name that a random suffix made twice, or a namespace that is going away: no fault of the template.
    if (isAlreadyExists(error) || isNamespaceGone(error)) return { error };
    const message = errorText(error);
    events.record(replicaSetResource, replicaSet, "Warning", "FailedCreate", `Error creating: ${message}`);
    return { error, failure: { reason: "FailedCreate" as const, message } };
  }

  async function remove(key: string, replicaSet: ReplicaSet, pods: Pod[], count: number) {
    const victims = chooseVictims(pods, count, relatedPods(replicaSet), Date.now());
    expectations.expect(key, { deletions: victims.map(uidOf) }, Date.now());
    const results = await Promise.allSettled(
      victims.map(async (pod) => {
        const { name = "", namespace, uid } = pod.metadata ?? {};
        try {
          await client.delete(podResource, name, { namespace, preconditions: { uid } });
          events.record(replicaSetResource, replicaSet, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
        } catch (error) {
          expectations.deletionObserved(key, uid ?? "");
          if (!isNotFound(error)) throw error;
        }
      }),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed === undefined) return undefined;
    const message = errorText(failed.reason);
    events.record(replicaSetResource, replicaSet, "Warning", "FailedDelete", `Error deleting: ${message}`);
    return { error: failed.reason as unknown, failure: { reason: "FailedDelete" as const, message } };
  }

  /** Active Pods of all ReplicaSets of the same Deployment. */
  function relatedPods(replicaSet: ReplicaSet): Pod[] {
    const deployment = controllerOf(replicaSet)?.uid;
    const siblings = deployment === undefined ? [replicaSet] : caches.replicaSetsByController.get(deployment);
    return siblings.flatMap((sibling) => caches.podsByController.get(uidOf(sibling))).filter(isActive);
  }

  return {
    stop() {
      for (const end of unsubscribe) end();
      return queue.stop();
    },
  };
};

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

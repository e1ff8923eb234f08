import { isNotFound } from "../../../kubernetes/errors.ts";
import { nodes as nodeResource, pods as podResource } from "../../../kubernetes/resource.ts";
import type { Pod } from "../../../kubernetes/types.ts";
import type { StartController } from "../shared/context.ts";
import { unlessGone } from "../shared/gone.ts";
import { keyOf, splitKey, uidOf } from "../shared/keys.ts";
import { isTerminated } from "../shared/pod-state.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { collectReason, overThreshold } from "./decide.ts";

/** A node that was removed and comes back at once keeps its Pods. Milliseconds. */
const quarantine = 1000;
/** Between two looks at the number of terminated Pods. Milliseconds. */
const thresholdInterval = 20_000;

/**
 * Deletes Pods that nobody else will: those of nodes that are gone, those that were deleted before they had a node, and the oldest terminated ones
 * when there are too many. They are deleted without grace, for no agent is there to confirm the end.
 */
export const startPodGarbageCollector: StartController = ({ client, caches, log }) => {
  const queue = new WorkQueue({ log, sync, concurrency: 8 });
  /** Keys of terminated Pods that are too many. */
  const surplus = new Set<string>();
  const isMissing = (node: string) => node !== "" && caches.nodes.get(node) === undefined;
  const unsubscribe = [
    caches.pods.subscribe(({ type, object }) => {
      if (type === "deleted") return;
      if (collectReason(object, isMissing) !== undefined) queue.addAfter(keyOf(object), quarantine);
    }),
    caches.nodes.subscribe(({ type, object }) => {
      if (type !== "deleted") return;
      for (const pod of caches.podsByNode.get(object.metadata?.name ?? "")) queue.addAfter(keyOf(pod), quarantine);
    }),
  ];
  const timer = setInterval(() => {
    for (const pod of overThreshold(caches.pods.list())) {
      surplus.add(keyOf(pod));
      queue.add(keyOf(pod));
    }
  }, thresholdInterval);

  async function sync(key: string): Promise<undefined> {
    const { namespace, name } = splitKey(key);
    const pod = caches.pods.get(name, namespace);
    const isSurplus = surplus.delete(key);
    if (pod === undefined) return;
    const reason = collectReason(pod, isMissing) ?? (isSurplus && isTerminated(pod) ? "too-many" : undefined);
    if (reason === undefined || (reason === "node-missing" && (await nodeLives(pod)))) return;
    log.info({ pod: key, reason }, "collecting Pod");
    await unlessGone(
      client.delete(podResource, name, {
        namespace,
        gracePeriodSeconds: 0,
        preconditions: { uid: uidOf(pod) },
      }),
    );
  }

  /** Asks the API, for the cache may be behind: a Pod of a node that lives must not go without its agent. */
  async function nodeLives(pod: Pod): Promise<boolean> {
    try {
      await client.get(nodeResource, pod.spec?.nodeName ?? "");
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  return {
    stop() {
      for (const end of unsubscribe) end();
      clearInterval(timer);
      return queue.stop();
    },
  };
};

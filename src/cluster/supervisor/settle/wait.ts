import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesClient, ListOptions } from "../../../kubernetes/client.ts";
import { isConnectionError } from "../../../kubernetes/errors.ts";
import type { Resource } from "../../../kubernetes/resource.ts";
import type { Deployment, KubernetesObject, Node } from "../../../kubernetes/types.ts";

/** Repeats a question until it is answered with something; errors count as no answer. Undefined when the signal ends it. */
export async function poll<T>(
  question: () => Promise<T | undefined>,
  interval: number,
  signal: AbortSignal,
): Promise<T | undefined> {
  while (!signal.aborted) {
    const answer = await question().catch(() => undefined);
    if (answer !== undefined) return answer;
    await sleep(interval, undefined, { signal }).catch(() => {});
  }
  return undefined;
}

/** Sends a request again while the connection fails: an API server that died is started again. Rejects with its error when the signal ends it. */
export async function persist<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (signal.aborted || !isConnectionError(error)) throw error;
    }
    await sleep(50, undefined, { signal }).catch(() => {});
  }
}

/** Watches a resource until its objects are as wanted. False when the signal ended it before. */
export async function watchUntil<T extends KubernetesObject>(
  client: KubernetesClient,
  resource: Resource,
  options: ListOptions,
  wanted: (objects: T[]) => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    const seen = new Map<string, T>();
    const enough = new AbortController();
    const ended = AbortSignal.any([signal, enough.signal]);
    try {
      const watch = client.watch<T>(resource, { ...options, sendInitialEvents: true, signal: ended });
      for await (const event of watch) {
        if (event.type === "ERROR") break;
        const key = `${event.object.metadata?.namespace}/${event.object.metadata?.name}`;
        if (event.type === "DELETED") seen.delete(key);
        else if (event.type !== "BOOKMARK") seen.set(key, event.object);
        if (wanted([...seen.values()])) return true;
      }
    } catch {
      // The API server went away for a moment: watch again.
    } finally {
      enough.abort();
    }
    await sleep(50, undefined, { signal }).catch(() => {});
  }
  return false;
}

/**
 * `since`: start of the boot, milliseconds since the epoch. What a data directory remembers of a node that was ready before is not
 * believed; a node writes its state when it starts. Heartbeats are told in whole seconds.
 */
export function isReady(node: Node, since: number): boolean {
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && Date.parse(ready.lastHeartbeatTime ?? "") >= Math.floor(since / 1000) * 1000;
}

/** As `kubectl rollout status` decides it. */
export function isAvailable({ metadata, spec, status }: Deployment): boolean {
  const replicas = spec?.replicas ?? 1;
  const current = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
  return current && (status?.updatedReplicas ?? 0) >= replicas && (status?.availableReplicas ?? 0) >= replicas;
}

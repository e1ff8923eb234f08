import type { KubernetesClient } from "./client.ts";
import { isNotFound } from "./errors.ts";
import { apiVersionOf, events, type Resource } from "./resource.ts";
import type { Event, KubernetesObject } from "./types.ts";

export interface EventRecorder {
  /**
   * Tells people what happened to an object. Returns at once; what cannot be written is dropped, for events never hold up the work.
   * The resource is said apart because objects out of lists carry no kind. `fieldPath` names a part: "spec.containers{web}".
   */
  record(
    resource: Resource,
    object: KubernetesObject,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
    fieldPath?: string,
  ): void;
  /** Writes what is queued, then ends. */
  close(): Promise<void>;
}

export interface EventRecorderOptions {
  client: KubernetesClient;
  /** "deployment-controller", "kubelet": source.component and reportingComponent. */
  component: string;
  /** Node name, for a component that runs on each node. */
  host?: string;
  onError?: (error: Error) => void;
}

/** As client-go: per object 25 events at once, then one in 5 minutes. */
const burst = 25;
const refillInterval = 300_000;
/** As client-go: after 10 similar ones (all but the message equal) within 10 minutes, further ones share one event. */
const similarLimit = 10;
const similarWindow = 600_000;
const combinedPrefix = "(combined from similar events): ";
const longestMessage = 1024;
const longestQueue = 2000;
const longestMemory = 4096;

interface Written {
  name: string;
  count: number;
  firstTimestamp: string;
  /** While the first write of this event waits in the queue, repeats only raise its count. */
  queued: boolean;
}

/**
 * Records core/v1 Events and keeps them few, by the rules of client-go: a repeat raises `count` of the event already there, many similar
 * ones are combined into one, and one object cannot fill the store. One write at a time, in order.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, component, host, onError } = options;
  const written = new Map<string, Written>();
  const similar = new Map<string, { since: number; messages: Set<string> }>();
  const buckets = new Map<string, { tokens: number; at: number }>();
  const queue: { event: Event; key: string }[] = [];
  let writing: Promise<void> | undefined;
  let closed = false;

  const allowed = (objectKey: string, now: number): boolean => {
    const bucket = buckets.get(objectKey) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / refillInterval);
    bucket.at = now;
    remember(buckets, objectKey, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  };

  /** The message to write: the event's own, or the combined one when too many similar ones came. */
  const combine = (similarKey: string, message: string, now: number): { message: string; combined: boolean } => {
    let group = similar.get(similarKey);
    if (group === undefined || now - group.since > similarWindow) group = { since: now, messages: new Set() };
    if (group.messages.size < similarLimit) group.messages.add(message);
    remember(similar, similarKey, group);
    if (group.messages.has(message)) return { message, combined: false };
    return { message: combinedPrefix + message, combined: true };
  };

  const write = async (event: Event, key: string): Promise<void> => {
    const known = written.get(key);
    if (known === undefined) return;
    known.queued = false;
    const { lastTimestamp, message, metadata } = event;
    const { count } = known;
    const namespace = metadata.namespace;
    if (count > 1 && known.name !== metadata.name) {
      try {
        await client.patch(events, known.name, { count, lastTimestamp, message }, { namespace, type: "merge" });
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
        // Expired and collected meanwhile: write it anew under a new name.
        known.name = metadata.name ?? "";
      }
    }
    await client.create(events, { ...event, count }, { namespace });
  };

  const drain = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        await write(next.event, next.key);
      } catch (error) {
        written.delete(next.key);
        onError?.(error as Error);
      }
    }
    writing = undefined;
  };

  return {
    record(resource, object, type, reason, fullMessage, fieldPath) {
      const { metadata } = object;
      if (closed || metadata?.name === undefined) return;
      const now = Date.now();
      const objectKey = `${resource.kind}/${metadata.namespace ?? ""}/${metadata.name}/${metadata.uid ?? ""}`;
      if (!allowed(objectKey, now)) return;
      const similarKey = `${objectKey}/${fieldPath ?? ""}/${type}/${reason}`;
      const short = fullMessage.slice(0, longestMessage - combinedPrefix.length);
      const { message, combined } = combine(similarKey, short, now);
      const key = combined ? similarKey : `${similarKey}/${message}`;
      const timestamp = `${new Date(now).toISOString().slice(0, 19)}Z`;
      const known = written.get(key);
      if (known?.queued) {
        known.count += 1;
        return;
      }
      if (queue.length >= longestQueue) return;
      const name = `${metadata.name}.${uniqueSuffix(now)}`;
      const entry: Written =
        known === undefined
          ? { name, count: 1, firstTimestamp: timestamp, queued: true }
          : { ...known, count: known.count + 1, queued: true };
      remember(written, key, entry);
      const namespace = metadata.namespace ?? "default";
      queue.push({
        key,
        event: {
          apiVersion: "v1",
          kind: "Event",
          metadata: { name, namespace },
          involvedObject: {
            apiVersion: apiVersionOf(resource),
            kind: resource.kind,
            name: metadata.name,
            ...(metadata.namespace && { namespace: metadata.namespace }),
            ...(metadata.uid && { uid: metadata.uid }),
            ...(metadata.resourceVersion && { resourceVersion: metadata.resourceVersion }),
            ...(fieldPath && { fieldPath }),
          },
          type,
          reason,
          message,
          count: entry.count,
          firstTimestamp: entry.firstTimestamp,
          lastTimestamp: timestamp,
          source: { component, ...(host && { host }) },
          reportingComponent: component,
          reportingInstance: host ?? "",
        },
      });
      writing ??= drain();
    },
    async close() {
      closed = true;
      await writing;
    },
  };
}

/** Puts an entry last and drops the first ones beyond the bound: what was used longest ago is forgotten. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= longestMemory) return;
    map.delete(oldest);
  }
}

/** As Kubernetes names events: the time in hexadecimal nanoseconds; the lower digits here are random. */
function uniqueSuffix(now: number): string {
  return (BigInt(now) * 1_000_000n + BigInt(Math.floor(Math.random() * 1_000_000))).toString(16);
}

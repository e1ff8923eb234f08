import type { KubernetesClient, ListOptions } from "./client.ts";
import { isExpired, ListenerError, StatusError } from "./errors.ts";
import type { Change, Reflector, ReflectorOptions, StartReflector } from "./reflector.ts";
import type { Resource } from "./resource.ts";
import type { KubernetesObject } from "./types.ts";

/** Kubernetes sends a bookmark about once a minute: a watch without a byte for longer than this is dead. */
const defaultSilence = 90_000;
const pageSize = 500;
const firstBackoff = 100;
const longestBackoff = 10_000;

/** See Reflector. One loop: list, then watch from there until 410 Gone or something else says that the list is out of date. */
export const startReflector: StartReflector = <T extends KubernetesObject>(
  client: KubernetesClient,
  resource: Resource,
  options: ReflectorOptions<T> = {},
): Reflector<T> => {
  const { namespace, labelSelector, fieldSelector, transform, onError } = options;
  const scope: ListOptions = { namespace, labelSelector, fieldSelector };
  const silence = options.silence ?? defaultSilence;
  const cache = new Map<string, T>();
  const listeners = new Set<(change: Change<T>) => void>();
  const ending = new AbortController();
  const { promise: synced, resolve: becomeSynced } = Promise.withResolvers<void>();
  let isSynced = false;

  const call = (listener: (change: Change<T>) => void, change: Change<T>) => {
    try {
      listener(change);
    } catch (error) {
      // One subscriber's fault is not the others'; the cache goes on.
      onError?.(new ListenerError(error));
    }
  };
  /** What has no name is no object: nobody could ask for it, and the others are no worse for it. */
  const isNamed = (object: T | null) => {
    const isObject = typeof object?.metadata?.name === "string";
    if (!isObject) onError?.(new Error(`the API sent something among ${resource.plural} that has no name`));
    return isObject;
  };
  const report = (change: Change<T>) => {
    for (const listener of listeners) call(listener, change);
  };
  const store = (incoming: T) => {
    const object = transform === undefined ? incoming : transform(incoming);
    const key = keyOf(object);
    const old = cache.get(key);
    if (old !== undefined && old.metadata?.uid !== object.metadata?.uid) {
      // Deleted and made again while nobody looked: two different objects.
      cache.delete(key);
      report({ type: "deleted", object: old });
    } else if (old !== undefined) {
      if (isSame(old, object)) return;
      cache.set(key, object);
      report({ type: "modified", object, old });
      return;
    }
    cache.set(key, object);
    report({ type: "added", object });
  };
  const remove = (key: string) => {
    const old = cache.get(key);
    if (old === undefined) return;
    cache.delete(key);
    report({ type: "deleted", object: old });
  };

  /** Brings the cache to the API's present state and returns the version that it is of. */
  const list = async (): Promise<string> => {
    const items: T[] = [];
    let resourceVersion = "";
    let next: string | undefined;
    do {
      const page = await client.list<T>(resource, { ...scope, limit: pageSize, continue: next });
      for (const item of page.items ?? []) if (isNamed(item)) items.push(item);
      resourceVersion = page.metadata?.resourceVersion ?? "";
      next = page.metadata?.continue || undefined;
    } while (next !== undefined && !ending.signal.aborted);
    if (ending.signal.aborted) return resourceVersion;
    const gone = new Set(cache.keys());
    // What went away first: an address may have been handed on from a deleted object to a new one.
    for (const item of items) gone.delete(keyOf(item));
    for (const key of gone) remove(key);
    for (const item of items) store(item);
    return resourceVersion;
  };

  /** Follows the changes after a version and returns the last one seen when the watch ends. */
  const watch = async (from: string, progress: (resourceVersion: string) => void): Promise<void> => {
    const quiet = new AbortController();
    let timer = setTimeout(() => quiet.abort(), silence);
    try {
      const events = client.watch<T>(resource, {
        ...scope,
        resourceVersion: from,
        // Spread out, so that a thousand nodes do not come back in the same second.
        timeoutSeconds: Math.round(300 * (1 + Math.random())),
        signal: AbortSignal.any([ending.signal, quiet.signal]),
      });
      for await (const event of events) {
        clearTimeout(timer);
        timer = setTimeout(() => quiet.abort(), silence);
        const { object } = event as { object: T };
        if (event.type !== "BOOKMARK" && !isNamed(object)) continue;
        if (event.type === "ADDED" || event.type === "MODIFIED") store(object);
        else if (event.type === "DELETED") remove(keyOf(object));
        if (object.metadata?.resourceVersion) progress(object.metadata.resourceVersion);
      }
    } catch (error) {
      if (quiet.signal.aborted) throw new Error(`the watch of ${resource.plural} was silent for ${silence} ms`);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };

  const run = async () => {
    let version: string | undefined;
    let backoff = firstBackoff;
    while (!ending.signal.aborted) {
      const startedAt = performance.now();
      try {
        if (version === undefined) {
          version = await list();
          if (!isSynced && !ending.signal.aborted) {
            isSynced = true;
            becomeSynced();
          }
        }
        await watch(version, (seen) => {
          version = seen;
          backoff = firstBackoff;
        });
        // A server that ends watches at once must not be asked in a tight loop.
        if (performance.now() - startedAt > 1000) continue;
      } catch (error) {
        if (ending.signal.aborted) break;
        const outdated = isOutdated(error);
        if (outdated) version = undefined;
        if (!isExpired(error)) onError?.(error as Error);
        else if (backoff === firstBackoff) {
          // The ordinary end of a long absence: list again at once, but not over and over.
          backoff *= 2;
          continue;
        }
      }
      await pause(backoff * (0.5 + Math.random()), ending.signal);
      backoff = Math.min(backoff * 2, longestBackoff);
    }
  };
  run().catch((error: Error) => onError?.(error));

  return {
    synced,
    get isSynced() {
      return isSynced;
    },
    get: (name, inNamespace) => cache.get(`${inNamespace ?? ""}/${name}`),
    list: () => [...cache.values()],
    subscribe(listener) {
      for (const object of cache.values()) call(listener, { type: "added", object });
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => ending.abort(),
  };
};

/**
 * Whether the answer to a watch says that its resourceVersion is of no use: too old (410), from a future that the server lost (504 "Too
 * large resource version"), or refused in another way. An overloaded server (429, 500, 503) may be asked for the same again.
 */
function isOutdated(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  return (error.code < 500 && error.code !== 429) || error.code === 504;
}

function keyOf(object: KubernetesObject): string {
  return `${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}`;
}

function isSame(a: KubernetesObject, b: KubernetesObject): boolean {
  const version = a.metadata?.resourceVersion;
  return version !== undefined && version === b.metadata?.resourceVersion;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
  });
}

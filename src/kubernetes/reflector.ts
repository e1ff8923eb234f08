import type { KubernetesClient, ListOptions } from "./client.ts";
import type { Resource } from "./resource.ts";
import type { KubernetesObject } from "./types.ts";

export type Change<T> =
  | { type: "added"; object: T }
  | { type: "modified"; object: T; old: T }
  | { type: "deleted"; object: T };

/**
 * A local cache of one resource, kept by list + watch. It resumes a broken watch from the last resourceVersion it saw, lists again after
 * 410 Gone (and then reports the differences only), and backs off with jitter while the API is away; what is cached stays readable.
 * A watch whose connection went silent (server frozen, packets dropped) is noticed by the missing bookmarks and opened again.
 */
export interface Reflector<T extends KubernetesObject> {
  /** Resolves once the first complete list is in the cache and was reported. */
  readonly synced: Promise<void>;
  readonly isSynced: boolean;
  get(name: string, namespace?: string): T | undefined;
  /** A snapshot; do not change the objects. */
  list(): T[];
  /** Called synchronously in order for each change. Objects already cached are reported as added at once. Returns the unsubscriber. */
  subscribe(listener: (change: Change<T>) => void): () => void;
  stop(): void;
}

export type ReflectorOptions<T extends KubernetesObject> = Pick<
  ListOptions,
  "namespace" | "labelSelector" | "fieldSelector"
> & {
  /** Trouble with the API, or a ListenerError for an exception out of a listener. The reflector goes on by itself. */
  onError?: (error: Error) => void;
  /** Makes what is cached of what was read, to keep large caches small. Must keep name, namespace, uid and resourceVersion. */
  transform?: (object: T) => T;
  /** Milliseconds without a byte after which a watch is taken for dead. */
  silence?: number;
};

export type StartReflector = <T extends KubernetesObject>(
  client: KubernetesClient,
  resource: Resource,
  options?: ReflectorOptions<T>,
) => Reflector<T>;

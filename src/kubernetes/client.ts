import type { Resource } from "./resource.ts";
import type { KubernetesList, KubernetesObject, WatchEvent } from "./types.ts";

export interface ListOptions {
  /** All namespaces when absent. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  limit?: number;
  continue?: string;
}

export interface WatchOptions extends ListOptions {
  /** Ask for the current state as ADDED events, ended by a BOOKMARK with k8s.io/initial-events-end. */
  sendInitialEvents?: boolean;
  timeoutSeconds?: number;
  signal: AbortSignal;
}

export interface WriteOptions {
  namespace?: string;
  /** "status", "scale", "binding", "token". */
  subresource?: string;
  dryRun?: boolean;
}

export interface DeleteOptions extends WriteOptions {
  propagationPolicy?: "Background" | "Foreground" | "Orphan";
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
}

/**
 * A thin Kubernetes client: paths and JSON, nothing generated. Every method rejects with StatusError (errors.ts) when the API answers
 * with a Status, and with a plain Error when there was no answer. Requests other than watches end after 30 s.
 */
export interface KubernetesClient {
  get<T extends KubernetesObject>(resource: Resource, name: string, namespace?: string): Promise<T>;
  list<T extends KubernetesObject>(resource: Resource, options?: ListOptions): Promise<KubernetesList<T>>;
  /** Ends when the server ends it; throws StatusError for an ERROR event (410: list again). */
  watch<T extends KubernetesObject>(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubernetesObject>(
    resource: Resource,
    object: T,
    options?: WriteOptions & { name?: string },
  ): Promise<T>;
  /** PUT; a stale metadata.resourceVersion gives 409 Conflict. */
  update<T extends KubernetesObject>(resource: Resource, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubernetesObject>(
    resource: Resource,
    name: string,
    patch: unknown,
    options: WriteOptions & { type: "json" | "merge" | "strategic" },
  ): Promise<T>;
  delete(resource: Resource, name: string, options?: DeleteOptions): Promise<void>;
  close(): Promise<void>;
}

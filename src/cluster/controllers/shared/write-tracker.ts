import type { Reflector } from "../../../kubernetes/reflector.ts";
import type { KubernetesObject } from "../../../kubernetes/types.ts";
import { keyOf, uidOf } from "./keys.ts";

/** A write whose event does not come within this many milliseconds (it was overtaken, or a list took its place) is not waited for. */
const patience = 5000;

interface Pending {
  group: string;
  /** undefined: a deletion. */
  resourceVersion: bigint | undefined;
  until: number;
}

/**
 * Knows which of a controller's own writes its cache does not show yet. Who counts from the cache before that would do the same work twice:
 * a second slice for the same endpoints. Versions are compared as numbers, as the API guarantees since Kubernetes 1.35.
 */
export class WriteTracker<T extends KubernetesObject> {
  readonly #pending = new Map<string, Pending>();
  readonly #groups = new Map<string, number>();
  readonly #groupOf: (object: T) => string;
  readonly #caughtUp: (group: string) => void;
  readonly #unsubscribe: () => void;
  readonly #seen: (key: string) => T | undefined;

  /** `groupOf` names what is decided together (a Service's slices); `caughtUp` is called when the last write of a group was seen. */
  constructor(cache: Reflector<T>, groupOf: (object: T) => string, caughtUp: (group: string) => void) {
    this.#groupOf = groupOf;
    this.#caughtUp = caughtUp;
    this.#seen = (key) => {
      const slash = key.indexOf("/");
      return cache.get(key.slice(slash + 1), key.slice(0, slash));
    };
    this.#unsubscribe = cache.subscribe(({ type, object }) => {
      const key = keyOf(object);
      const pending = this.#pending.get(key);
      if (pending === undefined) return;
      if (type === "deleted" || isAsNew(object, pending.resourceVersion)) this.#settle(key, pending);
    });
  }

  wrote(object: T): void {
    const key = keyOf(object);
    const resourceVersion = BigInt(object.metadata?.resourceVersion || 0);
    const cached = this.#seen(key);
    if (cached !== undefined && isAsNew(cached, resourceVersion)) return;
    this.#add(key, object, resourceVersion);
  }

  removed(object: T): void {
    const key = keyOf(object);
    const cached = this.#seen(key);
    if (cached === undefined || uidOf(cached) !== uidOf(object)) return;
    this.#add(key, object, undefined);
  }

  /** Whether a group has writes that the cache does not show. */
  isBehind(group: string, now: number): boolean {
    if ((this.#groups.get(group) ?? 0) === 0) return false;
    for (const [key, pending] of this.#pending) {
      if (pending.group === group && pending.until <= now) this.#settle(key, pending);
    }
    return (this.#groups.get(group) ?? 0) > 0;
  }

  stop(): void {
    this.#unsubscribe();
  }

  #add(key: string, object: T, resourceVersion: bigint | undefined): void {
    const group = this.#groupOf(object);
    if (!this.#pending.has(key)) this.#groups.set(group, (this.#groups.get(group) ?? 0) + 1);
    this.#pending.set(key, { group, resourceVersion, until: Date.now() + patience });
  }

  #settle(key: string, { group }: Pending): void {
    this.#pending.delete(key);
    const left = (this.#groups.get(group) ?? 1) - 1;
    if (left > 0) {
      this.#groups.set(group, left);
      return;
    }
    this.#groups.delete(group);
    this.#caughtUp(group);
  }
}

function isAsNew(object: KubernetesObject, resourceVersion: bigint | undefined): boolean {
  return resourceVersion !== undefined && BigInt(object.metadata?.resourceVersion || 0) >= resourceVersion;
}

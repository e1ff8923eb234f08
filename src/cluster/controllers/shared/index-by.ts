import type { Reflector } from "../../../kubernetes/reflector.ts";
import type { KubernetesObject } from "../../../kubernetes/types.ts";
import { keyOf } from "./keys.ts";

/** Objects of one cache by a value that is computed from each: finding a few among thousands costs as much as there are few. */
export interface Index<T> {
  get(value: string): T[];
  count(value: string): number;
}

/**
 * Keeps an index current from the cache's changes. Make it before the listeners that read it: changes are reported in the order of
 * subscription.
 */
export function indexBy<T extends KubernetesObject>(
  cache: Reflector<T>,
  valuesOf: (object: T) => Iterable<string>,
): Index<T> {
  const byValue = new Map<string, Map<string, T>>();
  const remove = (object: T) => {
    const key = keyOf(object);
    for (const value of valuesOf(object)) {
      const members = byValue.get(value);
      members?.delete(key);
      if (members?.size === 0) byValue.delete(value);
    }
  };
  const add = (object: T) => {
    const key = keyOf(object);
    for (const value of valuesOf(object)) {
      let members = byValue.get(value);
      if (members === undefined) {
        members = new Map();
        byValue.set(value, members);
      }
      members.set(key, object);
    }
  };
  cache.subscribe((change) => {
    if (change.type === "modified") remove(change.old);
    if (change.type === "deleted") remove(change.object);
    else add(change.object);
  });
  return {
    get: (value) => [...(byValue.get(value)?.values() ?? [])],
    count: (value) => byValue.get(value)?.size ?? 0,
  };
}

/** An index value for one label of an object in a namespace. */
export function labelValue(namespace: string, key: string, value: string): string {
  return `${namespace}/${key}=${value}`;
}

export function labelValuesOf(object: KubernetesObject): string[] {
  const namespace = object.metadata?.namespace ?? "";
  return Object.entries(object.metadata?.labels ?? {}).map(([key, value]) => labelValue(namespace, key, value));
}

/** Members that carry all the pairs, found through the rarest pair. The pairs must not be empty. */
export function selectFrom<T extends KubernetesObject>(
  index: Index<T>,
  namespace: string,
  pairs: Record<string, string>,
): T[] {
  let rarest: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const key in pairs) {
    const value = labelValue(namespace, key, pairs[key] ?? "");
    const count = index.count(value);
    if (count < fewest) [rarest, fewest] = [value, count];
  }
  if (rarest === undefined) return [];
  return index.get(rarest).filter(({ metadata }) => {
    for (const key in pairs) if (metadata?.labels?.[key] !== pairs[key]) return false;
    return true;
  });
}

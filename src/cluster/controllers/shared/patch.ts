import type { KubernetesClient } from "../../../kubernetes/client.ts";
import type { Resource } from "../../../kubernetes/resource.ts";
import type { KubernetesObject } from "../../../kubernetes/types.ts";
import { equal } from "./equal.ts";

/**
 * The merge patch (RFC 7396) that turns one object's fields into another's, one level deep: nested values are replaced whole.
 * undefined when nothing differs.
 */
export function mergePatch(from: object, to: object): Record<string, unknown> | undefined {
  const old = from as Record<string, unknown>;
  const next = to as Record<string, unknown>;
  const patch: Record<string, unknown> = {};
  for (const key in old) if (next[key] === undefined && old[key] !== undefined) patch[key] = null;
  for (const key in next) if (next[key] !== undefined && !equal(next[key], old[key])) patch[key] = next[key];
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/**
 * Writes the fields of status that differ, nothing when none does. Without resourceVersion: each status has one writer, so a stale cache
 * cannot undo another's work.
 */
export async function patchStatus<T extends KubernetesObject & { status?: object }>(
  client: KubernetesClient,
  resource: Resource,
  object: T,
  status: NonNullable<T["status"]>,
): Promise<boolean> {
  const patch = mergePatch(object.status ?? {}, status);
  if (patch === undefined) return false;
  const { name = "", namespace } = object.metadata ?? {};
  await client.patch(resource, name, { status: patch }, { namespace, subresource: "status", type: "merge" });
  return true;
}

/** A merge patch that fails with 409 Conflict unless the object is still the one and the version that was read. */
export function patchExactly<T extends KubernetesObject>(
  client: KubernetesClient,
  resource: Resource,
  object: T,
  patch: { metadata?: object; [field: string]: unknown },
): Promise<T> {
  const { name = "", namespace, uid, resourceVersion } = object.metadata ?? {};
  const body = { ...patch, metadata: { ...patch.metadata, uid, resourceVersion } };
  return client.patch<T>(resource, name, body, { namespace, type: "merge" });
}

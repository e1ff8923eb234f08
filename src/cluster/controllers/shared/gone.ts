import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { isNotFound } from "../../../kubernetes/errors.ts";
import type { Resource } from "../../../kubernetes/resource.ts";
import type { KubernetesObject } from "../../../kubernetes/types.ts";

/** Waits for a write; that its object is gone (404) is as good: what was to be done to it needs doing no more. */
export async function unlessGone(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Deletes just this object, never another one that has taken its name meanwhile (then it rejects with 409 Conflict). */
export function deleteExactly(client: KubernetesClient, resource: Resource, object: KubernetesObject): Promise<void> {
  const { name = "", namespace, uid } = object.metadata ?? {};
  return unlessGone(client.delete(resource, name, { namespace, preconditions: { uid } }));
}

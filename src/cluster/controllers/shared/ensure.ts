import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { isAlreadyExists, StatusError } from "../../../kubernetes/errors.ts";
import type { Resource } from "../../../kubernetes/resource.ts";
import type { KubernetesObject } from "../../../kubernetes/types.ts";

/** Creates an object unless it is there, or its namespace is going away or gone: then it is not wanted any more. */
export async function ensureCreated(client: KubernetesClient, resource: Resource, object: KubernetesObject) {
  try {
    await client.create(resource, object, { namespace: object.metadata?.namespace });
  } catch (error) {
    if (!isAlreadyExists(error) && !isNamespaceGone(error)) throw error;
  }
}

/** The namespace that the write was for is being deleted, or is not there any more. */
export function isNamespaceGone(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  if (error.code === 404) return error.status.details?.kind === "namespaces";
  return (error.status.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating");
}

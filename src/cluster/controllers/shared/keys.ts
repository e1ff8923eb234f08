import type { KubernetesObject, OwnerReference } from "../../../kubernetes/types.ts";

/** "namespace/name"; "/name" for what has no namespace. */
export function keyOf(object: KubernetesObject): string {
  return `${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}`;
}

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

export function uidOf(object: KubernetesObject): string {
  return object.metadata?.uid ?? "";
}

export function isDeleting(object: KubernetesObject): boolean {
  return object.metadata?.deletionTimestamp !== undefined;
}

/** The one owner that manages the object, if any. */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((reference) => reference.controller === true);
}

/** The reference that makes `owner` the managing owner of what it creates. */
export function controllerReference(owner: KubernetesObject, apiVersion: string, kind: string): OwnerReference {
  return {
    apiVersion,
    kind,
    name: owner.metadata?.name ?? "",
    uid: uidOf(owner),
    controller: true,
    blockOwnerDeletion: true,
  };
}

import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { isConflict, isNotFound } from "../../../kubernetes/errors.ts";
import { matchesSelector } from "../../../kubernetes/label-selector.ts";
import { apiVersionOf, type Resource } from "../../../kubernetes/resource.ts";
import type { KubernetesObject, LabelSelector } from "../../../kubernetes/types.ts";
import { controllerOf, controllerReference, isDeleting, uidOf } from "./keys.ts";
import { patchExactly } from "./patch.ts";

export interface Claims<T> {
  /** Controlled by the owner and selected by it. */
  kept: T[];
  /** Selected, but nobody's: to be taken over. */
  adopt: T[];
  /** Controlled by the owner, but selected no longer: to be let go. */
  release: T[];
}

/** Sorts candidates by what an owner has to do with them. An owner that is being deleted takes and lets go of nothing. */
export function sortClaims<T extends KubernetesObject>(
  owner: KubernetesObject,
  selector: LabelSelector | undefined,
  candidates: Iterable<T>,
): Claims<T> {
  const claims: Claims<T> = { kept: [], adopt: [], release: [] };
  for (const candidate of candidates) {
    const controller = controllerOf(candidate);
    const selected = matchesSelector(selector, candidate.metadata?.labels);
    if (controller?.uid === uidOf(owner)) {
      if (selected || isDeleting(owner)) claims.kept.push(candidate);
      else claims.release.push(candidate);
    } else if (controller === undefined && selected && !isDeleting(owner) && !isDeleting(candidate)) {
      claims.adopt.push(candidate);
    }
  }
  return claims;
}

/** Carries claims out and resolves to all that the owner controls afterwards. */
export async function claim<T extends KubernetesObject>(
  client: KubernetesClient,
  owner: { object: KubernetesObject; resource: Resource; selector: LabelSelector | undefined },
  resource: Resource,
  candidates: Iterable<T>,
): Promise<T[]> {
  const { kept, adopt, release } = sortClaims(owner.object, owner.selector, candidates);
  if (adopt.length > 0) await mustLive(client, owner.resource, owner.object);
  for (const object of adopt) {
    const reference = controllerReference(owner.object, apiVersionOf(owner.resource), owner.resource.kind);
    const ownerReferences = [...(object.metadata?.ownerReferences ?? []), reference];
    const adopted = await ignoreGone(patchExactly(client, resource, object, { metadata: { ownerReferences } }));
    if (adopted !== undefined) kept.push(adopted);
  }
  for (const object of release) {
    const ownerReferences = object.metadata?.ownerReferences?.filter(({ uid }) => uid !== uidOf(owner.object));
    await ignoreGone(patchExactly(client, resource, object, { metadata: { ownerReferences } }));
  }
  return kept;
}

/** Adoption by an owner that is gone would bind the object to nobody: ask the API, not the cache. */
async function mustLive(client: KubernetesClient, resource: Resource, owner: KubernetesObject): Promise<void> {
  const { name = "", namespace, uid } = owner.metadata ?? {};
  const live = await client.get(resource, name, namespace);
  if (live.metadata?.uid !== uid || isDeleting(live))
    throw new Error(`${resource.kind} ${namespace}/${name} adopts nothing: it is being deleted or was made anew`);
}

async function ignoreGone<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    // Somebody else was faster; the next pass sees what came of it.
    if (isConflict(error)) return undefined;
    throw error;
  }
}

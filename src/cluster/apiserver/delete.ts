import type { Entry, Stored } from "../storage/entry.ts";
import type { User } from "./answer.ts";
import { type ApiContext, timestamp } from "./context.ts";
import type { DeleteRequest } from "./delete-request.ts";
import { type Admission, keyOf, type ServedKind } from "./registry.ts";
import { conflict, notFound, serviceUnavailable } from "./status.ts";
import { copyOf, isHeld, removeObject, type Target, unstored } from "./write.ts";

export interface Deleted {
  entry: Entry;
  /** The object is gone; otherwise it waits for its grace period or finalizers. */
  removed: boolean;
}

/** Deletes at once, or marks the object for whoever has to finish: its agent, its finalizers, the garbage collector. */
export async function deleteObject(
  context: ApiContext,
  kind: ServedKind,
  target: Target,
  request: DeleteRequest,
  user: User,
): Promise<Deleted> {
  const { resource, hooks, collection } = kind;
  const key = keyOf(resource, target.namespace, target.name);
  const current = collection.latest(key);
  if (current === undefined) throw notFound(resource, target.name);
  checkPreconditions(kind, current.object, request);
  const admission: Admission = { user, namespace: target.namespace, dryRun: request.dryRun, now: context.now() };
  hooks.admitDelete?.(current.object, admission);

  const marked = markDeleted(context, kind, copyOf<Stored>(current), request);
  const removed = !isHeld(kind, marked);
  if (request.dryRun) return { entry: removed ? current : unstored(key, marked), removed };
  if (removed) return { entry: await removeObject(kind, key), removed };
  const unchanged = JSON.stringify(marked) === current.json;
  if (unchanged) {
    if (current.revision > context.store.revision) await context.store.settled();
    return { entry: current, removed };
  }
  const entry = await collection.put(key, marked).catch((error: Error) => {
    throw serviceUnavailable(`the change could not be made durable: ${error.message}`);
  });
  return { entry, removed };
}

function checkPreconditions({ resource }: ServedKind, { metadata }: Stored, { preconditions }: DeleteRequest): void {
  const name = metadata.name ?? "";
  const { uid, resourceVersion } = preconditions ?? {};
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
    throw conflict(resource, name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
    throw conflict(resource, name, why);
  }
}

/**
 * The object with a deletionTimestamp, its grace period, and the finalizers that the propagation policy asks for. A second deletion can
 * shorten the grace period but not lengthen it.
 */
function markDeleted(context: ApiContext, kind: ServedKind, object: Stored, request: DeleteRequest): Stored {
  const { metadata } = object;
  applyPolicy(metadata, request.propagationPolicy);
  const grace = kind.hooks.gracePeriod?.(object, request.gracePeriodSeconds) ?? 0;
  const started = metadata.deletionTimestamp !== undefined;
  if (started && grace >= (metadata.deletionGracePeriodSeconds ?? 0)) return object;
  const since = started
    ? Date.parse(metadata.deletionTimestamp!) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000
    : context.now();
  metadata.deletionTimestamp = timestamp(since + grace * 1000);
  metadata.deletionGracePeriodSeconds = grace;
  if (!started) {
    if (metadata.generation !== undefined) metadata.generation += 1;
    kind.hooks.startDeletion?.(object);
  }
  return object;
}

/** Foreground waits for the dependents, Orphan for their release; both are finalizers that the garbage collector removes. */
function applyPolicy(metadata: Stored["metadata"], policy: DeleteRequest["propagationPolicy"]): void {
  if (policy === undefined) return;
  const finalizers = (metadata.finalizers ?? []).filter((name) => name !== "orphan" && name !== "foregroundDeletion");
  if (policy === "Orphan") finalizers.push("orphan");
  if (policy === "Foreground") finalizers.push("foregroundDeletion");
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
}

import type { Entry, Stored } from "../storage/store.ts";
import type { User } from "./answer.ts";
import { type ApiContext, timestamp } from "./context.ts";
import { type Admission, keyOf, type ServedKind } from "./registry.ts";
import { badRequest, conflict, invalid, notFound, serviceUnavailable } from "./status.ts";
import { copyOf, isHeld, removeObject, type Target, unstored } from "./write.ts";

/** metav1.DeleteOptions, from the body or from the query. */
export interface DeleteRequest {
  gracePeriodSeconds?: number;
  propagationPolicy?: "Background" | "Foreground" | "Orphan";
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun: boolean;
}

/** Reads DeleteOptions; the query wins over the body. Throws 400 or 422 for what Kubernetes refuses. */
export function readDeleteRequest(body: unknown, query: URLSearchParams): DeleteRequest {
  const given = body === undefined || body === null ? {} : body;
  if (typeof given !== "object" || Array.isArray(given)) throw badRequest("the body of a DELETE must be DeleteOptions");
  const options = given as Record<string, unknown>;
  if (options.kind !== undefined && options.kind !== "DeleteOptions") {
    throw badRequest(`the body of a DELETE must be DeleteOptions, found kind ${JSON.stringify(options.kind)}`);
  }
  return {
    gracePeriodSeconds: readGrace(query.get("gracePeriodSeconds") ?? options.gracePeriodSeconds),
    propagationPolicy: readPolicy(query, options),
    preconditions: readPreconditions(options.preconditions),
    dryRun: query.has("dryRun") || isNonEmptyList(options.dryRun),
  };
}

function isNonEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function readGrace(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const seconds = Number(value);
  if (Number.isSafeInteger(seconds) && seconds >= -1) return Math.max(seconds, seconds === -1 ? 1 : 0);
  throw optionsInvalid("gracePeriodSeconds", value, "must be greater than or equal to 0");
}

function readPolicy(query: URLSearchParams, options: Record<string, unknown>): DeleteRequest["propagationPolicy"] {
  const policy = query.get("propagationPolicy") ?? options.propagationPolicy ?? undefined;
  const orphan = query.get("orphanDependents") ?? options.orphanDependents ?? undefined;
  if (policy === undefined)
    return orphan === undefined ? undefined : String(orphan) === "true" ? "Orphan" : "Background";
  if (policy === "Background" || policy === "Foreground" || policy === "Orphan") return policy;
  throw optionsInvalid("propagationPolicy", policy, "must be one of Foreground, Background, Orphan");
}

function readPreconditions(value: unknown): DeleteRequest["preconditions"] {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object") throw badRequest("preconditions must be an object");
  const { uid, resourceVersion } = value as Record<string, unknown>;
  return {
    uid: typeof uid === "string" && uid !== "" ? uid : undefined,
    resourceVersion: typeof resourceVersion === "string" && resourceVersion !== "" ? resourceVersion : undefined,
  };
}

function optionsInvalid(field: string, value: unknown, detail: string) {
  return invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", [
    { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(value)}: ${detail}` },
  ]);
}

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

import type { Entry, Stored } from "../storage/entry.ts";
import type { ApiContext } from "./context.ts";
import type { FieldError } from "./kinds/descriptor.ts";
import { same } from "./kinds/validation/errors.ts";
import { validateMetadata, validateMetadataUpdate } from "./kinds/validation/metadata.ts";
import { carryMetadata } from "./metadata.ts";
import { type Admission, keyOf, type ServedKind } from "./registry.ts";
import { badRequest, conflict, invalid, notFound, staleObject } from "./status.ts";
import {
  copyOf,
  isHeld,
  removeObject,
  settleNamespace,
  stored,
  type Target,
  unstored,
  type WriteOptions,
  type Written,
} from "./write.ts";

/** How an update differs: the whole object, its status, or one field of it. */
export interface UpdateStrategy {
  /** Puts what the request may not change back in place. */
  prepare(object: Stored, old: Entry): void;
  /** "nothing" for changes that the server makes itself: they need no leave. */
  validate: "object" | "status" | "nothing";
}

/** PUT and PATCH of the object itself. */
export function mainUpdate(kind: ServedKind): UpdateStrategy {
  return { prepare: (object, old) => kind.descriptor.prepareForUpdate?.(object, copyOf(old)), validate: "object" };
}

/** PUT and PATCH of /status: everything but the status stays as it is. */
export const statusUpdate: UpdateStrategy = {
  prepare(object, old) {
    const { status } = object as Stored & { status?: unknown };
    const { resourceVersion, uid } = object.metadata;
    for (const key of Object.keys(object)) delete (object as unknown as Record<string, unknown>)[key];
    Object.assign(object, copyOf<Stored>(old), { status });
    Object.assign(object.metadata, { resourceVersion, uid });
  },
  validate: "status",
};

/**
 * Updates an object by a function from the newest version to the wanted one. The function runs in the synchronous section of the write, so
 * a patch never conflicts with another; what it returns is checked for the resourceVersion and uid that the client insists on.
 */
export function updateObject(
  context: ApiContext,
  kind: ServedKind,
  target: Target,
  change: (old: Entry) => Stored,
  strategy: UpdateStrategy,
  options: WriteOptions,
): Promise<Written> {
  const { descriptor, resource, hooks } = kind;
  const key = keyOf(resource, target.namespace, target.name);
  const current = kind.collection.latest(key);
  if (current === undefined) throw notFound(resource, target.name);
  const old = current.object;
  const object = change(current);
  checkIdentity(kind, object, old, target);
  descriptor.setDefaults?.(object);
  strategy.prepare(object, current);
  carryMetadata(object.metadata, old.metadata);
  const admission: Admission = {
    user: options.user,
    namespace: target.namespace,
    dryRun: options.dryRun,
    now: context.now(),
  };
  hooks.admitUpdate?.(object, old, admission);
  const errors = updateErrors(descriptor, strategy, object, old);
  if (errors.length > 0) throw invalid(resource, target.name, errors);
  if (strategy.validate === "object" && descriptor.specOf !== undefined) {
    const changed = !same(descriptor.specOf(object), descriptor.specOf(old));
    if (changed) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
  return finishUpdate(context, kind, key, current, object, options);
}

function updateErrors(
  descriptor: ServedKind["descriptor"],
  { validate }: UpdateStrategy,
  object: Stored,
  old: Stored,
): FieldError[] {
  if (validate === "nothing") return [];
  if (validate === "status") return descriptor.validateStatusUpdate?.(object, old) ?? [];
  return [
    ...validateMetadata(object.metadata, descriptor.nameFormat),
    ...validateMetadataUpdate(object.metadata, old.metadata),
    ...descriptor.validate(object),
    ...(descriptor.validateUpdate?.(object, old) ?? []),
  ];
}

function checkIdentity(kind: ServedKind, object: Stored, old: Stored, target: Target): void {
  const { metadata } = object;
  const { resource } = kind;
  settleNamespace(kind, object, target.namespace);
  metadata.name ??= target.name;
  if (metadata.name !== target.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${target.name})`);
  }
  if (metadata.uid && metadata.uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(resource, target.name, why);
  }
  const { resourceVersion } = metadata;
  if (resourceVersion && resourceVersion !== "0" && resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(resource, target.name, staleObject);
  }
}

function finishUpdate(
  context: ApiContext,
  kind: ServedKind,
  key: string,
  current: Entry,
  object: Stored,
  options: WriteOptions,
): Promise<Written> {
  const { hooks, collection, resource } = kind;
  const allocation = hooks.allocate?.(object, current.object);
  if (allocation !== undefined && allocation.errors.length > 0) {
    allocation.undo();
    throw invalid(resource, object.metadata.name ?? "", allocation.errors);
  }
  if (options.dryRun) {
    allocation?.undo();
    return Promise.resolve({ entry: unstored(key, object) });
  }
  if (same(object, current.object)) {
    allocation?.undo();
    return unchanged(context, current);
  }
  if (object.metadata.deletionTimestamp !== undefined && !isHeld(kind, object)) {
    allocation?.undo();
    return removeObject(kind, key).then((entry) => ({ entry, removed: true }));
  }
  allocation?.commit();
  return stored(collection.put(key, object));
}

/** The newest version may still be on its way to the journal, and nobody may see it before it is durable. */
async function unchanged(context: ApiContext, entry: Entry): Promise<Written> {
  if (entry.revision > context.store.revision) await context.store.settled();
  return { entry };
}

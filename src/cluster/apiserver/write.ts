import type { Entry, Stored } from "../storage/store.ts";
import type { User } from "./answer.ts";
import { type ApiContext, timestamp } from "./context.ts";
import { decode, type FieldValidation } from "./kinds/decode.ts";
import type { FieldError } from "./kinds/descriptor.ts";
import { same } from "./kinds/validation/errors.ts";
import { validateMetadata, validateMetadataUpdate } from "./kinds/validation/metadata.ts";
import { carryMetadata, generateName, initializeMetadata } from "./metadata.ts";
import { type Admission, keyOf, type ServedKind } from "./registry.ts";
import { alreadyExists, badRequest, conflict, invalid, notFound, serviceUnavailable, staleObject } from "./status.ts";

/** The parameters that every write has. */
export interface WriteOptions {
  user: User;
  dryRun: boolean;
  validation: FieldValidation;
  /** Collects the texts of Warning headers. */
  warnings: string[];
}

/** Where the write goes, from the URL. `name` is empty for a create. */
export interface Target {
  namespace: string;
  name: string;
}

export interface Written {
  entry: Entry;
  /** The write ended the object's life: it was the last thing that somebody waited for. */
  removed?: boolean;
}

/** Reads a body as an object of the kind; throws 400 for what the kind's decoder refuses. */
export function decodeObject(
  kind: ServedKind,
  value: unknown,
  duplicates: string[],
  options: Pick<WriteOptions, "validation" | "warnings">,
): Stored {
  const decoded = decode(kind.descriptor, value, options.validation, duplicates);
  if (!decoded.ok) throw badRequest(decoded.message);
  options.warnings.push(...decoded.warnings);
  const object = decoded.object as Stored;
  object.metadata ??= {};
  return object;
}

/**
 * Creates an object: name, defaults, admission, validation, allocation, and then the store. Everything up to the store's promise happens in
 * one turn, so no other write comes between a check and what it was for.
 */
export function createObject(
  context: ApiContext,
  kind: ServedKind,
  object: Stored,
  target: Target,
  options: WriteOptions,
): Promise<Written> {
  const { descriptor, resource, hooks } = kind;
  const { metadata } = object;
  settleNamespace(kind, object, target.namespace);
  if (target.name !== "" && !metadata.name) metadata.name = target.name;
  const generated = !metadata.name && metadata.generateName;
  if (generated) metadata.name = freeName(kind, target.namespace, generated);

  const now = context.now();
  const admission: Admission = { user: options.user, namespace: target.namespace, dryRun: options.dryRun, now };
  initializeMetadata(metadata, timestamp(now), descriptor.specOf !== undefined);
  descriptor.setDefaults?.(object);
  descriptor.prepareForCreate?.(object, timestamp(now));
  context.admitNamespace(kind, metadata.name ?? "", target.namespace);
  hooks.admitCreate?.(object, admission);

  const name = metadata.name ?? "";
  const key = keyOf(resource, target.namespace, name);
  // A name that is taken is told before anything else about the object, so that `apply` after a race sees what happened.
  if (name !== "" && kind.collection.latest(key) !== undefined) throw alreadyExists(resource, name);
  const errors = [...validateMetadata(metadata, descriptor.nameFormat), ...descriptor.validate(object)];
  if (errors.length > 0) throw invalid(resource, name, errors);
  const allocation = hooks.allocate?.(object);
  if (allocation !== undefined && allocation.errors.length > 0) {
    allocation.undo();
    throw invalid(resource, name, allocation.errors);
  }
  if (options.dryRun) {
    allocation?.undo();
    return Promise.resolve({ entry: unstored(key, object) });
  }
  allocation?.commit();
  return store(kind.collection.put(key, object));
}

/** 16 tries: with 14 million suffixes that fails only for a prefix that is nearly used up. */
function freeName(kind: ServedKind, namespace: string, base: string): string {
  for (let attempt = 0; attempt < 16; attempt++) {
    const name = generateName(base);
    if (kind.collection.latest(keyOf(kind.resource, namespace, name)) === undefined) return name;
  }
  return generateName(base);
}

function settleNamespace(kind: ServedKind, object: Stored, namespace: string): void {
  if (!kind.resource.namespaced) {
    if (object.metadata.namespace) throw badRequest("namespace is not allowed on this type");
    delete object.metadata.namespace;
    return;
  }
  if (object.metadata.namespace && object.metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  object.metadata.namespace = namespace;
}

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
  if (same(object, current.object)) return unchanged(context, current);
  if (object.metadata.deletionTimestamp !== undefined && !isHeld(kind, object)) {
    return removeObject(kind, key).then((entry) => ({ entry, removed: true }));
  }
  allocation?.commit();
  return store(collection.put(key, object));
}

/** The newest version may still be on its way to the journal, and nobody may see it before it is durable. */
async function unchanged(context: ApiContext, entry: Entry): Promise<Written> {
  if (entry.revision > context.store.revision) await context.store.settled();
  return { entry };
}

/** Whether an object that is being deleted has to stay. */
export function isHeld(kind: ServedKind, object: Stored): boolean {
  const { finalizers, deletionGracePeriodSeconds } = object.metadata;
  if ((finalizers ?? []).length > 0) return true;
  return (deletionGracePeriodSeconds ?? 0) > 0 || (kind.hooks.isHeld?.(object) ?? false);
}

/** Ends an object's life in the store, and gives back what was allocated for it. */
export function removeObject(kind: ServedKind, key: string): Promise<Entry> {
  const current = kind.collection.latest(key);
  const removed = kind.collection.remove(key);
  if (current !== undefined) kind.hooks.release?.(current.object);
  return removed.catch(storageFailed);
}

async function store(promise: Promise<Entry>): Promise<Written> {
  return { entry: await promise.catch(storageFailed) };
}

function storageFailed(error: Error): never {
  throw serviceUnavailable(`the change could not be made durable: ${error.message}`);
}

/** An answer for what was not stored: a dry run. */
export function unstored(key: string, object: Stored): Entry {
  return { key, revision: 0, object, json: JSON.stringify(object) };
}

/** A copy of a stored object that may be changed. Stored objects came from JSON, so JSON is a faithful and the fastest copy. */
export function copyOf<T>(entry: Pick<Entry, "json">): T {
  return JSON.parse(entry.json) as T;
}

import type { Entry, Stored } from "../storage/entry.ts";
import type { User } from "./answer.ts";
import { decode, type FieldValidation } from "./kinds/decode.ts";
import type { ServedKind } from "./registry.ts";
import { badRequest, serviceUnavailable } from "./status.ts";

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

/** Puts the URL's namespace into the object. Throws 400 when the object says another. */
export function settleNamespace(kind: ServedKind, object: Stored, namespace: string): void {
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

/** Waits until a change is durable; 503 when it cannot be. */
export async function stored(promise: Promise<Entry>): Promise<Written> {
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

import type { Stored } from "../storage/entry.ts";
import { type ApiContext, timestamp } from "./context.ts";
import { validateMetadata } from "./kinds/validation/metadata.ts";
import { generateName, initializeMetadata } from "./metadata.ts";
import { type Admission, keyOf, type ServedKind } from "./registry.ts";
import { alreadyExists, invalid } from "./status.ts";
import { settleNamespace, stored, type Target, unstored, type WriteOptions, type Written } from "./write.ts";

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
  return stored(kind.collection.put(key, object));
}

/** 16 tries: with 14 million suffixes that fails only for a prefix that is nearly used up. */
function freeName(kind: ServedKind, namespace: string, base: string): string {
  for (let attempt = 0; attempt < 16; attempt++) {
    const name = generateName(base);
    if (kind.collection.latest(keyOf(kind.resource, namespace, name)) === undefined) return name;
  }
  return generateName(base);
}

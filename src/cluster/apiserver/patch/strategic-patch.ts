import type { Schema } from "../kinds/descriptor.ts";
import { resolve } from "../kinds/schema/definitions.ts";
import { isObject } from "./merge-patch.ts";

/** A patch that contradicts itself or the type it is for. */
export class StrategicPatchError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StrategicPatchError";
  }
}

type Resolved = Exclude<Schema, { type: "ref" }>;
type Fields = Record<string, unknown>;

const orderPrefix = "$setElementOrder/";
const deletePrefix = "$deleteFromPrimitiveList/";

/**
 * Kubernetes' strategic merge patch (apimachinery/pkg/util/strategicpatch): a merge patch in which lists are merged by the merge keys of the
 * schema, with the directives $patch (replace, delete, merge), $retainKeys, $setElementOrder/NAME and $deleteFromPrimitiveList/NAME.
 * Returns a new value; neither argument is changed. Throws StrategicPatchError.
 */
export function strategicPatch(target: Fields, patch: Fields, schema: Schema): Fields {
  return mergeObject(target, patch, resolve(schema), "") ?? {};
}

/** undefined: the patch deletes the object. */
function mergeObject(target: Fields, patch: Fields, schema: Resolved | undefined, path: string): Fields | undefined {
  const directive = patch.$patch;
  if (directive === "delete") return undefined;
  if (directive === "replace") return withoutDirectives({ ...patch, $patch: undefined });
  if (directive !== undefined && directive !== "merge") {
    throw new StrategicPatchError(`Unknown patch type found: ${JSON.stringify(directive)} at ${path || "the top"}`);
  }
  const result = retained(target, patch, path);
  const rest = new Set(Object.keys(patch));
  for (const key of rest) {
    if (key === "$patch" || key === "$retainKeys") continue;
    if (key.startsWith(deletePrefix)) {
      const name = key.slice(deletePrefix.length);
      const gone = listOf(patch[key], key, path);
      if (Array.isArray(result[name])) {
        assign(
          result,
          name,
          (result[name] as unknown[]).filter((entry) => !gone.includes(entry)),
        );
      }
    } else if (!key.startsWith(orderPrefix)) {
      mergeField(result, patch, key, fieldSchema(schema, key), join(path, key));
    }
  }
  for (const key of rest) {
    if (key.startsWith(orderPrefix)) orderField(result, patch, key, schema, path);
  }
  return result;
}

/** $retainKeys: what is not listed goes. It has to list every key of the patch. */
function retained(target: Fields, patch: Fields, path: string): Fields {
  const { $retainKeys } = patch;
  if ($retainKeys === undefined) return { ...target };
  const keep = new Set(listOf($retainKeys, "$retainKeys", path));
  for (const key of Object.keys(patch)) {
    if (!key.startsWith("$") && !keep.has(key)) {
      throw new StrategicPatchError(
        `the $retainKeys list at ${path || "the top"} does not hold ${JSON.stringify(key)}, which the patch sets`,
      );
    }
  }
  return Object.fromEntries(Object.entries(target).filter(([key]) => keep.has(key)));
}

function mergeField(result: Fields, patch: Fields, key: string, schema: Resolved | undefined, path: string): void {
  const value = patch[key];
  const old = Object.hasOwn(result, key) ? result[key] : undefined;
  if (value === null) delete result[key];
  else if (isObject(value)) {
    const merged = mergeObject(isObject(old) ? old : {}, value, schema, path);
    if (merged === undefined) delete result[key];
    else assign(result, key, merged);
  } else if (Array.isArray(value)) {
    const merged = mergeList(Array.isArray(old) ? old : [], value, schema, path);
    assign(result, key, merged);
  } else assign(result, key, value);
}

function mergeList(target: unknown[], patch: unknown[], schema: Resolved | undefined, path: string): unknown[] {
  if (schema?.type !== "list" || schema.mergeKey === undefined) return withoutListDirectives(patch);
  if (schema.mergeKey === "") return [...target, ...patch.filter((entry) => !target.includes(entry))];
  const { mergeKey } = schema;
  const items = resolve(schema.items);
  const entries = patch.map((entry, index) => {
    if (isObject(entry)) return entry;
    throw new StrategicPatchError(`${path}[${index}] must be an object with the merge key ${mergeKey}`);
  });
  if (entries.some(({ $patch }) => $patch === "replace")) {
    // One such marker makes the other entries the whole list.
    return entries.filter(({ $patch }) => $patch !== "replace").map(withoutDirectives);
  }
  const result = [...target];
  for (const entry of entries) {
    const key = entry[mergeKey];
    if (key === undefined || key === null) {
      throw new StrategicPatchError(`map: ${path} does not contain declared merge key: ${mergeKey}`);
    }
    const at = result.findIndex((old) => isObject(old) && old[mergeKey] === key);
    const merged = mergeObject(at === -1 ? {} : (result[at] as Fields), entry, items, `${path}[${mergeKey}=${key}]`);
    if (merged === undefined) {
      if (at !== -1) result.splice(at, 1);
    } else if (at === -1) result.push(merged);
    else result[at] = merged;
  }
  return result;
}

/**
 * $setElementOrder: entries that it names stand in its order; the others (which somebody else added to the object) keep their places
 * relative to the entries before them.
 */
function orderField(result: Fields, patch: Fields, key: string, schema: Resolved | undefined, path: string): void {
  const name = key.slice(orderPrefix.length);
  const list = Object.hasOwn(result, name) ? result[name] : undefined;
  if (!Array.isArray(list)) return;
  const type = fieldSchema(schema, name);
  const mergeKey = type?.type === "list" ? (type.mergeKey ?? "") : "";
  const identity = (entry: unknown) => (mergeKey !== "" && isObject(entry) ? entry[mergeKey] : entry);
  const order = new Map(listOf(patch[key], key, path).map((entry, index) => [identity(entry), index]));
  const placed = list.filter((entry) => order.has(identity(entry)));
  placed.sort((a, b) => order.get(identity(a))! - order.get(identity(b))!);
  // Each foreign entry follows the entry that it follows now.
  const followers = new Map<unknown, unknown[]>();
  let anchor: unknown;
  for (const entry of list) {
    if (order.has(identity(entry))) anchor = entry;
    else followers.set(anchor, [...(followers.get(anchor) ?? []), entry]);
  }
  const ordered = [...(followers.get(undefined) ?? [])];
  for (const entry of placed) ordered.push(entry, ...(followers.get(entry) ?? []));
  assign(result, name, ordered);
}

function fieldSchema(schema: Resolved | undefined, key: string): Resolved | undefined {
  if (schema?.type === "map") return resolve(schema.values);
  if (schema?.type !== "object" || !Object.hasOwn(schema.fields, key)) return undefined;
  return resolve(schema.fields[key]!);
}

function withoutDirectives(value: unknown): Fields {
  const result: Fields = {};
  for (const [key, entry] of Object.entries(value as Fields)) {
    if (!key.startsWith("$") && entry !== null) assign(result, key, clean(entry));
  }
  return result;
}

function withoutListDirectives(list: unknown[]): unknown[] {
  return list.filter((entry) => !(isObject(entry) && entry.$patch !== undefined)).map(clean);
}

function clean(value: unknown): unknown {
  if (Array.isArray(value)) return withoutListDirectives(value);
  return isObject(value) ? withoutDirectives(value) : value;
}

function listOf(value: unknown, key: string, path: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new StrategicPatchError(`${join(path, key)} must be a list`);
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** A plain assignment to "__proto__" would change the object's prototype instead of storing a key. */
function assign(object: Fields, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
  else object[key] = value;
}

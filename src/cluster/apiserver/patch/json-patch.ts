import { same } from "../kinds/validation/errors.ts";
import { isObject } from "./merge-patch.ts";

/** Why a JSON patch cannot be applied. `isTest`: a test operation found something else, or a path leads nowhere: the object is not as expected. */
export class JsonPatchError extends Error {
  readonly malformed: boolean;
  constructor(message: string, malformed: boolean) {
    super(message);
    this.name = "JsonPatchError";
    this.malformed = malformed;
  }
}

/** Both as in Kubernetes: without them a short patch that copies its copies would fill the memory. */
const maxOperations = 10_000;
/** Characters of JSON that all copy operations of a patch may add together. */
const maxCopied = 3 << 20;
/** Steps of a path: no request body nests deeper. */
const maxDepth = 1000;

interface Operation {
  op: string;
  path: string[];
  from?: string[];
  value?: unknown;
}

/** Applies an RFC 6902 patch to a document, which is changed and returned. Throws JsonPatchError. */
export function jsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new JsonPatchError("a JSON patch is a list of operations", true);
  if (patch.length > maxOperations) {
    throw new JsonPatchError(
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
      true,
    );
  }
  const root = { "": document } as Record<string, unknown>;
  const copies = { size: 0 };
  for (const [index, raw] of patch.entries()) apply(root, readOperation(raw, index), copies);
  return root[""];
}

function readOperation(raw: unknown, index: number): Operation {
  const fail = (why: string): never => {
    throw new JsonPatchError(`operation ${index} of the JSON patch ${why}`, true);
  };
  if (!isObject(raw)) return fail("is no object");
  const { op, path, from, value } = raw;
  if (typeof op !== "string" || !["add", "remove", "replace", "move", "copy", "test"].includes(op)) {
    return fail(`has the unknown op ${JSON.stringify(op)}: use add, remove, replace, move, copy or test`);
  }
  if (typeof path !== "string") return fail("has no path");
  const needsFrom = op === "move" || op === "copy";
  if (needsFrom && typeof from !== "string") return fail("has no from");
  if ((op === "add" || op === "replace" || op === "test") && value === undefined) return fail("has no value");
  const pointer = (text: string) =>
    parsePointer(text) ?? fail(`has the bad path ${JSON.stringify(text.slice(0, 200))}`);
  return { op, path: pointer(path), from: needsFrom ? pointer(String(from)) : undefined, value };
}

/** RFC 6901, with the document itself below the key "". undefined when it is no pointer, or one that leads deeper than objects go. */
function parsePointer(text: string): string[] | undefined {
  if (text !== "" && !text.startsWith("/")) return undefined;
  const parts = text.split("/", maxDepth + 2);
  if (parts.length > maxDepth + 1) return undefined;
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** `copies` holds how much was copied up to here, and is counted on. */
function apply(root: Record<string, unknown>, { op, path, from, value }: Operation, copies: { size: number }): void {
  switch (op) {
    case "add":
      add(root, path, structuredClone(value));
      return;
    case "remove":
      remove(root, path);
      return;
    case "replace":
      read(root, path);
      set(root, path, structuredClone(value));
      return;
    case "move": {
      if (from!.length < path.length && from!.every((part, index) => part === path[index])) {
        throw new JsonPatchError(`cannot move ${print(from!)} into itself`, true);
      }
      add(root, path, remove(root, from!));
      return;
    }
    case "copy": {
      const original = textOf(read(root, from!));
      copies.size += original.length;
      if (copies.size > maxCopied) {
        throw new JsonPatchError(
          `Unable to complete the copy, the accumulated size increase of copy is ${copies.size}, exceeding the limit ${maxCopied}`,
          false,
        );
      }
      add(root, path, JSON.parse(original));
      return;
    }
    case "test":
      if (!same(read(root, path, true), value)) {
        throw new JsonPatchError(`testing path ${print(path)} failed: the value differs`, false);
      }
  }
}

/** As JSON. Copies may have nested it deeper than the stack is. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new JsonPatchError("Unable to complete the copy: the value is nested too deep", false);
  }
}

function print(path: string[]): string {
  return path.slice(1).reduce((text, part) => `${text}/${part}`, "") || "the whole document";
}

/** The container of the last step. */
function parentOf(root: Record<string, unknown>, path: string[]): { parent: unknown; last: string } {
  let parent: unknown = root;
  for (let depth = 0; depth < path.length - 1; depth += 1) parent = child(parent, path, depth);
  return { parent, last: path.at(-1)! };
}

/** What the step at `depth` of a path leads to from its container. */
function child(container: unknown, path: string[], depth: number): unknown {
  const step = path[depth]!;
  if (Array.isArray(container)) return container[indexIn(container, step, path, container.length - 1)];
  if (isObject(container) && Object.hasOwn(container, step)) return container[step];
  throw new JsonPatchError(`${print(path.slice(0, depth + 1))} does not exist`, false);
}

function indexIn(list: unknown[], step: string, path: string[], max: number): number {
  const index = /^(0|[1-9]\d{0,8})$/.test(step) ? Number(step) : Number.NaN;
  if (index <= max) return index;
  throw new JsonPatchError(`${print(path)}: ${JSON.stringify(step)} is no index of a list of ${list.length}`, false);
}

/** With `orNull`, a missing key of an object reads as null, as Kubernetes' test operation has it. */
function read(root: Record<string, unknown>, path: string[], orNull = false): unknown {
  const { parent, last } = parentOf(root, path);
  if (orNull && isObject(parent) && !Object.hasOwn(parent, last)) return null;
  return child(parent, path, path.length - 1);
}

function set(root: Record<string, unknown>, path: string[], value: unknown): void {
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) parent[indexIn(parent, last, path, parent.length - 1)] = value;
  else if (isObject(parent)) define(parent, last, value);
  else throw new JsonPatchError(`${print(path)} does not exist`, false);
}

function add(root: Record<string, unknown>, path: string[], value: unknown): void {
  const { parent, last } = parentOf(root, path);
  if (!Array.isArray(parent)) set(root, path, value);
  else if (last === "-") parent.push(value);
  else parent.splice(indexIn(parent, last, path, parent.length), 0, value);
}

function remove(root: Record<string, unknown>, path: string[]): unknown {
  const { parent, last } = parentOf(root, path);
  const value = child(parent, path, path.length - 1);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete (parent as Record<string, unknown>)[last];
  return value;
}

/** A plain assignment to "__proto__" would change the object's prototype instead of storing a key. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
  else object[key] = value;
}

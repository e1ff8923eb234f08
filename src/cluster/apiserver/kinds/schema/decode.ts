import { isQuantity } from "../../../../kubernetes/quantity.ts";
import type { Schema } from "../descriptor.ts";
import { resolve } from "./definitions.ts";

/** What became of an untrusted JSON value: the known fields as a fresh copy, or why it cannot be read. */
export type Decoded =
  | { ok: true; value: unknown; unknownFields: string[] }
  /** `message` is worded as Go's JSON decoder does, with the path of the field. */
  | { ok: false; message: string };

/** Unknown fields past this number are not listed one by one: a hostile body must not make a huge message. */
const maxUnknownFields = 100;
/**
 * Entries of all lists and maps of one object together. No object of a real cluster comes near (1,000 endpoints have some 5,000); a body of
 * empty entries would have a million, and each can be wrong in several ways that validation collects.
 */
const maxEntries = 20_000;
/** Free-form values (managedFields) may not nest deeper: JSON.stringify works by recursion. */
const maxFreeFormDepth = 64;

/**
 * Reads `value` as the type `schema`: drops fields that the type does not have (and reports their paths), treats null as absent, and refuses
 * wrong types and out-of-range numbers. Never throws; recursion is bounded by the depth of the type, not of the value. `value` must come from JSON.
 */
export function decodeValue(schema: Schema, value: unknown): Decoded {
  const state: State = { unknownFields: [], entries: 0, error: undefined };
  const decoded = decodeAny(schema, value, { struct: "", field: "", path: "" }, state);
  if (state.error !== undefined) return { ok: false, message: state.error };
  return { ok: true, value: decoded, unknownFields: state.unknownFields };
}

interface State {
  unknownFields: string[];
  /** Of lists and maps, so far. */
  entries: number;
  error: string | undefined;
}

/** Where in the value we are: the Go struct and its dotted field path for type errors, and the indexed path for unknown fields. */
interface Place {
  struct: string;
  field: string;
  path: string;
}

function decodeAny(schema: Schema, value: unknown, place: Place, state: State): unknown {
  const type = resolve(schema);
  if (value === null || value === undefined) return zeroOf(type);
  switch (type.type) {
    case "object":
      return isObject(value) ? decodeObject(type, value, place, state) : mismatch(type, value, place, state);
    case "map":
      return isObject(value) ? decodeMap(type.values, value, place, state) : mismatch(type, value, place, state);
    case "list":
      if (!Array.isArray(value)) return mismatch(type, value, place, state);
      return decodeList(type.items, value, place, state);
    case "integer":
      return decodeInteger(type, value, place, state);
    case "int-or-string":
      if (typeof value === "string") return value;
      return decodeInteger({ type: "integer", format: "int32" }, value, place, state);
    case "number":
      return typeof value === "number" ? value : mismatch(type, value, place, state);
    case "boolean":
      return typeof value === "boolean" ? value : mismatch(type, value, place, state);
    case "string":
      return decodeString(type.format, value, place, state);
    case "any":
      if (depthWithin(value, maxFreeFormDepth)) return value;
      return fail(state, `${place.path}: exceeded max depth`);
  }
}

function decodeObject(
  type: Extract<Schema, { type: "object" }>,
  value: Record<string, unknown>,
  place: Place,
  state: State,
): unknown {
  const result: Record<string, unknown> = {};
  const struct = type.name.slice(type.name.indexOf(".") + 1);
  for (const [name, field] of Object.entries(value)) {
    const schema = type.fields[name];
    if (schema === undefined) {
      if (state.unknownFields.length < maxUnknownFields) state.unknownFields.push(join(place.path, name));
      continue;
    }
    if (field === null) continue;
    const inner = { struct, field: join(place.field, name), path: join(place.path, name) };
    result[name] = decodeAny(schema, field, inner, state);
    if (state.error !== undefined) return undefined;
  }
  return result;
}

function decodeMap(values: Schema, value: Record<string, unknown>, place: Place, state: State): unknown {
  const result: Record<string, unknown> = {};
  const entries = Object.entries(value);
  if (!countEntries(entries.length, place, state)) return undefined;
  for (const [key, entry] of entries) {
    const inner = { ...place, path: join(place.path, key) };
    const decoded = decodeAny(values, entry, inner, state);
    if (state.error !== undefined) return undefined;
    // "__proto__" is a lawful ConfigMap key, and an assignment would lose it.
    if (key === "__proto__") Object.defineProperty(result, key, { value: decoded, enumerable: true, writable: true });
    else result[key] = decoded;
  }
  return result;
}

function decodeList(items: Schema, value: unknown[], place: Place, state: State): unknown {
  const result: unknown[] = [];
  if (!countEntries(value.length, place, state)) return undefined;
  for (const [index, entry] of value.entries()) {
    result.push(decodeAny(items, entry, { ...place, path: `${place.path}[${index}]` }, state));
    if (state.error !== undefined) return undefined;
  }
  return result;
}

function countEntries(count: number, place: Place, state: State): boolean {
  state.entries += count;
  if (state.entries <= maxEntries) return true;
  fail(state, `${place.path}: an object may have at most ${maxEntries} list and map entries in all`);
  return false;
}

function decodeInteger(
  type: Extract<Schema, { type: "integer" }>,
  value: unknown,
  place: Place,
  state: State,
): number | undefined {
  if (typeof value !== "number") return mismatch(type, value, place, state);
  const limit = type.format === "int32" ? 2 ** 31 : 2 ** 63;
  if (Number.isInteger(value) && value >= -limit && value < limit) return value === 0 ? 0 : value;
  return mismatch(type, value, place, state, `number ${value}`);
}

type StringFormat = "byte" | "date-time" | "micro-time" | "quantity";

/** RFC 3339, as Go's time.RFC3339 reads it. */
const rfc3339 =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decodeString(
  format: StringFormat | undefined,
  value: unknown,
  place: Place,
  state: State,
): string | undefined {
  if (format === "quantity" && typeof value === "number") return decodeString(format, String(value), place, state);
  if (typeof value !== "string") return mismatch({ type: "string" }, value, place, state);
  switch (format) {
    case "byte": {
      const compact = value.replace(/[\r\n]/g, "");
      return base64.test(compact) ? compact : fail(state, `illegal base64 data in field ${place.path}`);
    }
    case "quantity":
      return isQuantity(value)
        ? value
        : fail(
            state,
            `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$': field ${place.path}`,
          );
    case "date-time":
    case "micro-time": {
      if (rfc3339.test(value) && !Number.isNaN(Date.parse(value))) return value;
      const layout = format === "date-time" ? "2006-01-02T15:04:05Z07:00" : "2006-01-02T15:04:05.000000Z07:00";
      return fail(state, `parsing time ${JSON.stringify(clip(value))} as "${layout}": field ${place.path}`);
    }
    default:
      return value;
  }
}

function mismatch(type: Schema, value: unknown, place: Place, state: State, found = jsonKind(value)): undefined {
  const target = place.field === "" ? "Go value" : `Go struct field ${place.struct}.${place.field}`;
  return fail(state, `json: cannot unmarshal ${found} into ${target} of type ${goType(type)}`);
}

function fail(state: State, message: string): undefined {
  state.error = message;
  return undefined;
}

function zeroOf(type: Schema): unknown {
  switch (type.type) {
    case "integer":
    case "number":
    case "int-or-string":
      return 0;
    case "boolean":
      return false;
    case "string":
      return type.format === "quantity" ? "0" : "";
    case "list":
      return [];
    case "any":
      return null;
    default:
      return {};
  }
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}

/** The Go type of a schema as it stands in error messages. */
function goType(schema: Schema): string {
  switch (schema.type) {
    case "ref":
    case "object":
      return `v1.${schema.name.slice(schema.name.indexOf(".") + 1)}`;
    case "list":
      return `[]${goType(schema.items)}`;
    case "map":
      return `map[string]${goType(schema.values)}`;
    case "integer":
      return schema.format;
    case "boolean":
      return "bool";
    case "number":
      return "float64";
    case "int-or-string":
      return "intstr.IntOrString";
    case "any":
      return "interface {}";
    case "string":
      return schema.format === "byte" ? "[]uint8" : "string";
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function depthWithin(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => depthWithin(inner, levels - 1));
}

function join(path: string, name: string): string {
  return path === "" ? clip(name) : `${path}.${clip(name)}`;
}

/** Names from a request go into messages: keep them short. */
function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

import type { Definitions, Schema } from "../descriptor.ts";

/**
 * Reads the notation of types.ts. A line without indent names a type ("core.ServicePort": API group, then the Go name); each line below it,
 * indented by one space, is a field: `name[!] type [rules]`. `!` marks a field that Go always writes. A type is
 *
 *   string boolean number any           JSON's own
 *   int32 int64 int-or-string           bounded integers, and a named or numbered port
 *   byte date-time micro-time quantity  strings with a format
 *   group.Name                          another type of the text
 *   [type]                              a list
 *   {type}                              a map with string keys
 *
 * and rules tell how it merges: `merge=KEY` (strategic merge; an empty KEY merges scalars as a set), `keys=A,B` (server-side apply),
 * `atomic` (server-side apply replaces it whole), `retainKeys` (a strategic patch drops the keys that it does not name).
 */
export function parseTypes(text: string): Definitions {
  const definitions: Definitions = {};
  let current: Definitions[string] | undefined;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    if (!line.startsWith(" ")) {
      current = { type: "object", name: line, fields: Object.create(null), required: [] };
      definitions[line] = current;
      continue;
    }
    if (current === undefined) throw new Error(`the field${line} stands before any type`);
    const [field = "", type = "", ...rules] = line.slice(1).split(" ");
    const required = field.endsWith("!");
    const name = required ? field.slice(0, -1) : field;
    if (required) current.required.push(name);
    current.fields[name] = withRules(parseType(type), rules);
  }
  return definitions;
}

/** One object for each type without parameters: thousands of fields share them. */
const scalars: Record<string, Schema> = {
  string: { type: "string" },
  boolean: { type: "boolean" },
  number: { type: "number" },
  any: { type: "any" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  "int-or-string": { type: "int-or-string" },
  byte: { type: "string", format: "byte" },
  "date-time": { type: "string", format: "date-time" },
  "micro-time": { type: "string", format: "micro-time" },
  quantity: { type: "string", format: "quantity" },
};

function parseType(text: string): Schema {
  if (text.startsWith("[")) return { type: "list", items: parseType(text.slice(1, -1)) };
  if (text.startsWith("{")) return { type: "map", values: parseType(text.slice(1, -1)) };
  return scalars[text] ?? { type: "ref", name: text };
}

function withRules(schema: Schema, rules: string[]): Schema {
  let result = schema;
  for (const rule of rules) {
    const [word, value = ""] = rule.split("=");
    if (word === "merge") {
      if (result.type !== "list") throw new Error(`the rule ${rule} needs a list`);
      const listMapKeys = value === "" ? undefined : [value];
      result = { ...result, mergeKey: value, listMapKeys: result.listMapKeys ?? listMapKeys };
    } else if (word === "keys" && result.type === "list") {
      result = { ...result, listMapKeys: value.split(",").filter((key) => key !== "") };
    } else if (word === "atomic" && (result.type === "list" || result.type === "map")) {
      result = { ...result, atomic: true };
    } else if (word === "retainKeys" && (result.type === "list" || result.type === "ref")) {
      result = { ...result, retainKeys: true };
    } else {
      throw new Error(`the rule ${rule} does not fit the type ${result.type}`);
    }
  }
  return result;
}

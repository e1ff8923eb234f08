import type { KindDescriptor, Schema } from "../descriptor.ts";
import { definitions, resolve } from "../schema/definitions.ts";

export type Json = Record<string, unknown>;

/** A published type name: "core.Pod" is "io.k8s.api.core.v1.Pod". */
function modelName(name: string): string {
  const dot = name.indexOf(".");
  const group = name.slice(0, dot);
  const root = group === "meta" ? "io.k8s.apimachinery.pkg.apis.meta.v1" : `io.k8s.api.${group}.v1`;
  return `${root}.${name.slice(dot + 1)}`;
}

/** Names in `definitions` of everything that the kinds are made of. */
function reachableTypes(kinds: readonly KindDescriptor[]): string[] {
  const found = new Set<string>();
  const visit = (schema: Schema): void => {
    if (schema.type === "list") visit(schema.items);
    else if (schema.type === "map") visit(schema.values);
    if (schema.type !== "ref" || found.has(schema.name)) return;
    found.add(schema.name);
    for (const field of Object.values(definitions[schema.name]?.fields ?? {})) visit(field);
  };
  for (const { schema } of kinds) visit(schema);
  return [...found].sort();
}

/** The two versions of OpenAPI differ in how they refer to a model and in what may be a number or a string. */
export interface Dialect {
  reference(model: string): Json;
  intOrString: Json;
  quantity: Json;
}

/** The models of types by published name. Kinds carry their group, version and kind, which is how kubectl finds the model of a manifest. */
export function modelsOf(kinds: readonly KindDescriptor[], dialect: Dialect): Record<string, Json> {
  const kindOfType = new Map(kinds.map(({ schema, resource }) => [schema.type === "ref" ? schema.name : "", resource]));
  const models: Record<string, Json> = {};
  for (const name of reachableTypes(kinds)) {
    const type = resolve({ type: "ref", name });
    if (type.type !== "object") continue;
    const model: Json = { type: "object" };
    if (type.required.length > 0) model.required = type.required;
    const properties: Record<string, Json> = {};
    for (const [field, schema] of Object.entries(type.fields)) properties[field] = modelOf(schema, dialect);
    if (Object.keys(properties).length > 0) model.properties = properties;
    const resource = kindOfType.get(name);
    if (resource !== undefined) {
      const { group, version, kind } = resource;
      model["x-kubernetes-group-version-kind"] = [{ group, kind, version }];
    }
    models[modelName(name)] = model;
  }
  return models;
}

function modelOf(schema: Schema, dialect: Dialect): Json {
  switch (schema.type) {
    case "ref": {
      const model = dialect.reference(modelName(schema.name));
      if (schema.retainKeys) model["x-kubernetes-patch-strategy"] = "retainKeys";
      return model;
    }
    case "object":
      return { type: "object" };
    case "list":
      return { type: "array", items: modelOf(schema.items, dialect), ...listExtensions(schema) };
    case "map": {
      const model: Json = { type: "object", additionalProperties: modelOf(schema.values, dialect) };
      if (schema.atomic) model["x-kubernetes-map-type"] = "atomic";
      return model;
    }
    case "integer":
      return { type: "integer", format: schema.format };
    case "int-or-string":
      return { ...dialect.intOrString };
    case "any":
      return { type: "object" };
    case "number":
      return { type: "number", format: "double" };
    case "boolean":
      return { type: "boolean" };
    default:
      if (schema.format === "quantity") return { ...dialect.quantity };
      if (schema.format === undefined) return { type: "string" };
      return { type: "string", format: schema.format === "micro-time" ? "date-time" : schema.format };
  }
}

function listExtensions(schema: Extract<Schema, { type: "list" }>): Json {
  const extensions: Json = {};
  const { mergeKey, retainKeys, listMapKeys, atomic } = schema;
  if (atomic) extensions["x-kubernetes-list-type"] = "atomic";
  else if (listMapKeys !== undefined && listMapKeys.length > 0) {
    extensions["x-kubernetes-list-type"] = "map";
    extensions["x-kubernetes-list-map-keys"] = listMapKeys;
  } else if (listMapKeys !== undefined || mergeKey === "") extensions["x-kubernetes-list-type"] = "set";
  if (mergeKey) extensions["x-kubernetes-patch-merge-key"] = mergeKey;
  if (mergeKey !== undefined) extensions["x-kubernetes-patch-strategy"] = retainKeys ? "merge,retainKeys" : "merge";
  return extensions;
}

import type { Definitions, Schema } from "../descriptor.ts";
import { parseTypes } from "./parse.ts";
import { typesText } from "./types.ts";

/** Every type that the API serves or reads, by API group and Go name: "core.Pod", "apps.DeploymentSpec", "meta.ObjectMeta". */
export const definitions: Definitions = parseTypes(typesText);

/** A schema with references followed. Throws for a name that no type has: that is a mistake in types.ts, never of a request. */
export function resolve(schema: Schema): Exclude<Schema, { type: "ref" }> {
  if (schema.type !== "ref") return schema;
  const definition = definitions[schema.name];
  if (definition === undefined) throw new Error(`no type is named ${schema.name}`);
  return definition;
}

/** The schema of a named type. */
export function typeNamed(name: string): Schema {
  resolve({ type: "ref", name });
  return { type: "ref", name };
}

import { apiVersion, isLeaf, type KubeProxyConfiguration, kind, type Section, schema } from "./schema.ts";

/** The configuration as its API object: what a file holds, and what /configz shows. */
export function encodeConfiguration(configuration: KubeProxyConfiguration): Record<string, unknown> {
  return { apiVersion, kind, ...encodeSection(schema, configuration) };
}

function encodeSection(section: Section, values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(section).map(([name, entry]) => {
      const value = values[name];
      return [name, isLeaf(entry) ? entry.encode(value) : encodeSection(entry, value as Record<string, unknown>)];
    }),
  );
}

import type { Resource } from "../../../../kubernetes/resource.ts";
import type { KindDescriptor } from "../descriptor.ts";
import { type Dialect, type Json, modelsOf } from "./models.ts";
import { documentPath } from "./v3.ts";

const dialect: Dialect = {
  reference: (model) => ({ $ref: `#/definitions/${model}` }),
  intOrString: { type: "string", format: "int-or-string" },
  quantity: { type: "string" },
};

/** The OpenAPI 2.0 document of all kinds, which kubectl before 1.27 validates manifests against before it sends them. */
export function buildV2(kinds: readonly KindDescriptor[]): Json {
  const paths: Record<string, Json> = {};
  for (const { resource } of kinds) {
    const namespace = resource.namespaced ? "/namespaces/{namespace}" : "";
    const collection = `/${documentPath(resource)}${namespace}/${resource.plural}`;
    paths[collection] = { post: operation("post", resource) };
    paths[`${collection}/{name}`] = { put: operation("put", resource), patch: operation("patch", resource) };
  }
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: "unversioned" },
    paths,
    definitions: modelsOf(kinds, dialect),
  };
}

function operation(action: string, { group, version, kind }: Resource): Json {
  const query = (name: string) => ({ in: "query", name, type: "string" });
  return {
    parameters: ["dryRun", "fieldManager", "fieldValidation"].map(query),
    responses: { "200": { description: "OK" } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group, kind, version },
  };
}

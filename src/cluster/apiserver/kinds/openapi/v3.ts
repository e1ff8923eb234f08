import { apiVersionOf, type Resource } from "../../../../kubernetes/resource.ts";
import type { KindDescriptor } from "../descriptor.ts";
import { type Dialect, type Json, modelsOf } from "./models.ts";

const dialect: Dialect = {
  // Extensions beside a $ref would be lost in OpenAPI 3.0.
  reference: (model) => ({ allOf: [{ $ref: `#/components/schemas/${model}` }] }),
  intOrString: { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
  quantity: { oneOf: [{ type: "string" }, { type: "number" }] },
};

const patchTypes = ["json-patch", "merge-patch", "strategic-merge-patch"];

/** The path of a group's document below /openapi/v3: "api/v1", "apis/apps/v1". */
export function documentPath(resource: Pick<Resource, "group" | "version">): string {
  return `${resource.group === "" ? "api" : "apis"}/${apiVersionOf(resource)}`;
}

/** The OpenAPI 3.0 document of the kinds of one group and version. */
export function buildV3(kinds: readonly KindDescriptor[]): Json {
  const paths: Record<string, Json> = {};
  for (const { resource } of kinds) Object.assign(paths, pathsOf(resource));
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "unversioned" },
    paths,
    components: { schemas: modelsOf(kinds, dialect) },
  };
}

/** What kubectl reads: which parameters a write of a kind takes, and which patches. */
function pathsOf(resource: Resource): Record<string, Json> {
  const namespace = resource.namespaced ? "/namespaces/{namespace}" : "";
  const collection = `/${documentPath(resource)}${namespace}/${resource.plural}`;
  const content = (types: string[]) => Object.fromEntries(types.map((type) => [`application/${type}`, {}]));
  const body = (types: string[]) => ({ requestBody: { content: content(types) } });
  return {
    [collection]: { post: { ...operation("post", resource), ...body(["json", "yaml"]) } },
    [`${collection}/{name}`]: {
      put: { ...operation("put", resource), ...body(["json", "yaml"]) },
      patch: { ...operation("patch", resource), ...body(patchTypes.map((type) => `${type}+json`)) },
    },
  };
}

/** An operation that writes; its query parameters tell kubectl that the server validates fields and dry-runs. */
export function operation(action: string, { group, version, kind }: Resource): Json {
  return {
    parameters: [
      { name: "dryRun", in: "query", schema: { type: "string" } },
      { name: "fieldManager", in: "query", schema: { type: "string" } },
      { name: "fieldValidation", in: "query", schema: { type: "string" } },
    ],
    responses: { "200": { description: "OK" } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group, version, kind },
  };
}

import { badRequest, notAcceptable } from "./status.ts";

/** How the client wants to see objects. */
export type Representation =
  | { as: "object" }
  | { as: "table"; version: "v1" | "v1beta1"; includeObject: "Metadata" | "Object" | "None" }
  | { as: "metadata"; version: "v1" | "v1beta1" };

interface MediaRange {
  type: string;
  parameters: Map<string, string>;
}

const maxRanges = 32;

/** The media ranges of an Accept header in the order of the client's wishes (clients of Kubernetes do not weigh them with q). */
export function parseAccept(header: string | undefined): MediaRange[] {
  if (header === undefined || header.trim() === "") return [{ type: "*/*", parameters: new Map() }];
  return header.split(",").slice(0, maxRanges).map(parseMediaType);
}

export function parseMediaType(text: string): MediaRange {
  const [type = "", ...rest] = text.split(";");
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const [key = "", value = ""] = parameter.split("=");
    parameters.set(key.trim().toLowerCase(), value.trim());
  }
  return { type: type.trim().toLowerCase(), parameters };
}

const jsonTypes = new Set(["application/json", "application/*", "*/*"]);

/**
 * The first representation of an Accept header that this server has. Protobuf, YAML and CBOR ranges are passed over: every client of
 * Kubernetes lists JSON after them. Throws 406 when nothing is left.
 */
export function negotiate(accept: string | undefined, query: URLSearchParams): Representation {
  for (const { type, parameters } of parseAccept(accept)) {
    if (!jsonTypes.has(type)) continue;
    const as = parameters.get("as");
    if (as === undefined) return { as: "object" };
    const version = parameters.get("v");
    if (parameters.get("g") !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) continue;
    if (as === "Table") return { as: "table", version, includeObject: includeObject(query) };
    if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") return { as: "metadata", version };
  }
  throw notAcceptable(["application/json"]);
}

function includeObject(query: URLSearchParams): "Metadata" | "Object" | "None" {
  const value = query.get("includeObject") ?? "";
  if (value === "" || value === "Metadata") return "Metadata";
  if (value === "Object" || value === "None") return value;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(value)}; use None, Metadata or Object`);
}

import { parseJson } from "./kinds/schema/parse-json.ts";
import { parseMediaType } from "./negotiation.ts";
import type { ParsedBody } from "./parsed-body.ts";
import { badRequest, unsupportedMediaType } from "./status.ts";

/** Objects larger than this are refused, as Kubernetes does. */
export const maxBody = 3 << 20;

/**
 * Reads a request body as JSON or YAML by its Content-Type (none: JSON, as kubectl 1.20 posts). Throws 400 for what cannot be read, with
 * the place, and 415 for other media types, with what to use instead.
 */
export async function parseBody(body: Uint8Array, contentType: string | undefined): Promise<ParsedBody> {
  const { type } = parseMediaType(contentType ?? "application/json");
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  switch (type) {
    case "":
    case "application/json":
    case "application/json-patch+json":
    case "application/merge-patch+json":
    case "application/strategic-merge-patch+json": {
      const parsed = parseJson(text);
      if (!parsed.ok) throw badRequest(`the request body is not JSON: ${parsed.message}`);
      return { value: parsed.value, duplicates: parsed.duplicateFields };
    }
    case "application/yaml":
    case "text/yaml":
      return (await import("./yaml-body.ts")).parseYaml(text);
    case "application/vnd.kubernetes.protobuf":
      throw unsupportedMediaType(
        "this API server reads JSON and YAML, not the protobuf that new versions of kubectl create objects in; " +
          "pipe it: kubectl create … --dry-run=client -o yaml | kubectl apply -f -",
      );
    default:
      throw unsupportedMediaType(
        `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml (found ${JSON.stringify(type.slice(0, 100))})`,
      );
  }
}

import type { KindDescriptor } from "../kinds/descriptor.ts";
import type { ParsedBody } from "../parsed-body.ts";
import { badRequest, invalid, unsupportedMediaType } from "../status.ts";
import { JsonPatchError, jsonPatch } from "./json-patch.ts";
import { isObject, mergePatch } from "./merge-patch.ts";
import { StrategicPatchError, strategicPatch } from "./strategic-patch.ts";

/** Makes the patched document from a copy of the stored one, which it may change. Throws a StatusError for a patch that does not fit. */
export type Patcher = (document: Record<string, unknown>) => unknown;

const supported = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

/** Chooses by Content-Type. Server-side apply is refused with 415, so that `kubectl apply --server-side` says what to do. */
export function patcherFor(type: string, body: ParsedBody, kind: Pick<KindDescriptor, "resource" | "schema">): Patcher {
  const patch = body.value;
  const name = (document: Record<string, unknown>) => String((document.metadata as { name?: string })?.name ?? "");
  switch (type) {
    case "application/json-patch+json":
      return (document) => {
        try {
          return jsonPatch(document, patch);
        } catch (error) {
          if (!(error instanceof JsonPatchError)) throw error;
          if (error.malformed) throw badRequest(`error decoding patch: ${error.message}`);
          throw invalid(kind.resource, name(document), [
            { reason: "FieldValueInvalid", field: "patch", message: `Invalid value: ${error.message}` },
          ]);
        }
      };
    case "application/merge-patch+json":
      if (!isObject(patch)) throw badRequest("error decoding patch: a merge patch is a JSON object");
      return (document) => mergePatch(document, patch);
    case "application/strategic-merge-patch+json":
      if (!isObject(patch)) throw badRequest("error decoding patch: a strategic merge patch is a JSON object");
      return (document) => {
        try {
          return strategicPatch(document, patch, kind.schema);
        } catch (error) {
          if (error instanceof StrategicPatchError) throw badRequest(`error decoding patch: ${error.message}`);
          throw error;
        }
      };
    case "application/apply-patch+yaml":
      throw unsupportedMediaType(
        "server-side apply is not supported yet: use kubectl apply without --server-side, or one of application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json",
      );
    default:
      throw unsupportedMediaType(
        `the body of the request was in an unknown format - accepted media types include: ${supported.join(", ")} (found ${JSON.stringify(type.slice(0, 100))})`,
      );
  }
}

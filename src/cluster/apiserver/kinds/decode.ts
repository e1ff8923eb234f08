import { apiVersionOf } from "../../../kubernetes/resource.ts";
import type { KubernetesObject } from "../../../kubernetes/types.ts";
import type { KindDescriptor } from "./descriptor.ts";
import { decodeValue } from "./schema/decode.ts";

/** The query parameter fieldValidation: what happens to fields that the kind does not have, or that a body names twice. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

export type DecodedObject =
  /** `warnings` are for Warning headers, one each. */
  | { ok: true; object: KubernetesObject; warnings: string[] }
  /** The complete message of a 400 BadRequest. */
  | { ok: false; message: string };

/**
 * Reads a parsed request body (see parseJson for `duplicateFields`) as an object of the descriptor's kind. Unknown fields are dropped, and
 * refused when `mode` is Strict. apiVersion and kind may be missing, as the URL tells them. Never throws.
 */
export function decode(
  descriptor: Pick<KindDescriptor, "resource" | "schema">,
  value: unknown,
  mode: FieldValidation,
  duplicateFields: string[] = [],
): DecodedObject {
  const { kind, version } = descriptor.resource;
  const apiVersion = apiVersionOf(descriptor.resource);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return {
      ok: false,
      message: `the object provided is unrecognized (must be of type ${kind}): it is no JSON object`,
    };
  }
  const given = value as { apiVersion?: unknown; kind?: unknown };
  const givenKind = given.kind || kind;
  const givenVersion = given.apiVersion || apiVersion;
  if (givenVersion !== apiVersion) {
    return {
      ok: false,
      message: `the API version in the data (${print(givenVersion)}) does not match the expected API version (${apiVersion})`,
    };
  }
  if (givenKind !== kind) {
    const found = print(givenKind);
    return {
      ok: false,
      message: `${found} in version "${version}" cannot be handled as a ${kind}: the kind in the data (${found}) does not match the expected kind (${kind})`,
    };
  }
  const cannot = `${kind} in version "${version}" cannot be handled as a ${kind}`;
  const decoded = decodeValue(descriptor.schema, value);
  if (!decoded.ok) return { ok: false, message: `${cannot}: ${decoded.message}` };
  const complaints = [
    ...decoded.unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`),
    ...duplicateFields.map((field) => `duplicate field ${JSON.stringify(field)}`),
  ];
  if (mode === "Strict" && complaints.length > 0) {
    return { ok: false, message: `${cannot}: strict decoding error: ${complaints.join(", ")}` };
  }
  const object = { ...(decoded.value as KubernetesObject), apiVersion, kind };
  return { ok: true, object, warnings: mode === "Warn" ? complaints : [] };
}

function print(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 100) : typeof value;
}

import { badRequest, invalid } from "./status.ts";

/** metav1.DeleteOptions, from the body or from the query. */
export interface DeleteRequest {
  gracePeriodSeconds?: number;
  propagationPolicy?: "Background" | "Foreground" | "Orphan";
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun: boolean;
}

/** Reads DeleteOptions; the query wins over the body. Throws 400 or 422 for what Kubernetes refuses. */
export function readDeleteRequest(body: unknown, query: URLSearchParams): DeleteRequest {
  const given = body === undefined || body === null ? {} : body;
  if (typeof given !== "object" || Array.isArray(given)) throw badRequest("the body of a DELETE must be DeleteOptions");
  const options = given as Record<string, unknown>;
  if (options.kind !== undefined && options.kind !== "DeleteOptions") {
    throw badRequest(`the body of a DELETE must be DeleteOptions, found kind ${JSON.stringify(options.kind)}`);
  }
  return {
    gracePeriodSeconds: readGrace(query.get("gracePeriodSeconds") ?? options.gracePeriodSeconds),
    propagationPolicy: readPolicy(query, options),
    preconditions: readPreconditions(options.preconditions),
    dryRun: query.has("dryRun") || isNonEmptyList(options.dryRun),
  };
}

function isNonEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function readGrace(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const seconds = Number(value);
  if (Number.isSafeInteger(seconds) && seconds >= -1) return Math.max(seconds, seconds === -1 ? 1 : 0);
  throw optionsInvalid("gracePeriodSeconds", value, "must be greater than or equal to 0");
}

function readPolicy(query: URLSearchParams, options: Record<string, unknown>): DeleteRequest["propagationPolicy"] {
  const policy = query.get("propagationPolicy") ?? options.propagationPolicy ?? undefined;
  const orphan = query.get("orphanDependents") ?? options.orphanDependents ?? undefined;
  if (policy === undefined)
    return orphan === undefined ? undefined : String(orphan) === "true" ? "Orphan" : "Background";
  if (policy === "Background" || policy === "Foreground" || policy === "Orphan") return policy;
  throw optionsInvalid("propagationPolicy", policy, "must be one of Foreground, Background, Orphan");
}

function readPreconditions(value: unknown): DeleteRequest["preconditions"] {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object") throw badRequest("preconditions must be an object");
  const { uid, resourceVersion } = value as Record<string, unknown>;
  return {
    uid: typeof uid === "string" && uid !== "" ? uid : undefined,
    resourceVersion: typeof resourceVersion === "string" && resourceVersion !== "" ? resourceVersion : undefined,
  };
}

function optionsInvalid(field: string, value: unknown, detail: string) {
  return invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", [
    { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(value)}: ${detail}` },
  ]);
}

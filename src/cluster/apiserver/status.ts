import { StatusError } from "../../kubernetes/errors.ts";
import type { Resource } from "../../kubernetes/resource.ts";
import type { Status } from "../../kubernetes/types.ts";
import type { FieldError } from "./kinds/descriptor.ts";

/**
 * The errors of the API in the words of Kubernetes (apimachinery/pkg/api/errors). Each function makes the StatusError; whoever finds the
 * problem throws it, and the handler turns it into the answer.
 */
type Details = Status["details"];

function failure(code: number, reason: string, message: string, details?: Details): StatusError {
  return new StatusError({
    apiVersion: "v1",
    kind: "Status",
    metadata: {},
    status: "Failure",
    message,
    reason,
    details,
    code,
  });
}

/** "pods" or "deployments.apps": how messages name a resource. */
export function qualified(resource: Pick<Resource, "group" | "plural">): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

type Named = Pick<Resource, "group" | "plural">;

function detailsOf(resource: Named, name: string): NonNullable<Details> {
  return { name, group: resource.group || undefined, kind: resource.plural };
}

export function notFound(resource: Named, name: string): StatusError {
  return failure(404, "NotFound", `${qualified(resource)} "${name}" not found`, detailsOf(resource, name));
}

/** A path that names nothing the server knows. kubectl prints "the server doesn't have a resource type" for it. */
export function pathNotFound(): StatusError {
  return failure(404, "NotFound", "the server could not find the requested resource", {});
}

export function alreadyExists(resource: Named, name: string): StatusError {
  return failure(409, "AlreadyExists", `${qualified(resource)} "${name}" already exists`, detailsOf(resource, name));
}

export function conflict(resource: Named, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`;
  return failure(409, "Conflict", message, detailsOf(resource, name));
}

export const staleObject =
  "the object has been modified; please apply your changes to the latest version and try again";

export function forbidden(resource: Named, name: string, why: string, causes?: NonNullable<Details>["causes"]) {
  const subject = name === "" ? qualified(resource) : `${qualified(resource)} "${name}"`;
  return failure(403, "Forbidden", `${subject} is forbidden: ${why}`, { ...detailsOf(resource, name), causes });
}

/** 403 for a path that is no resource. */
export function forbiddenPath(why: string): StatusError {
  return failure(403, "Forbidden", `forbidden: ${why}`, {});
}

export function unauthorized(): StatusError {
  return failure(401, "Unauthorized", "Unauthorized");
}

export function badRequest(message: string): StatusError {
  return failure(400, "BadRequest", message);
}

/** 422 with one cause a field. */
/** A hostile object is wrong in thousands of places; nobody reads more than these. */
const maxCauses = 100;

export function invalid(resource: Pick<Resource, "group" | "kind">, name: string, all: FieldError[]): StatusError {
  const errors = all.slice(0, maxCauses);
  const texts = errors.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`));
  if (all.length > maxCauses) texts.push(`and ${all.length - maxCauses} more`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const kind = resource.group === "" ? resource.kind : `${resource.kind}.${resource.group}`;
  return failure(422, "Invalid", `${kind} "${name}" is invalid: ${list}`, {
    name,
    group: resource.group || undefined,
    kind: resource.kind,
    causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
  });
}

export function methodNotAllowed(resource: Named, verb: string): StatusError {
  const message = `${verb} is not supported on resources of kind "${qualified(resource)}"`;
  return failure(405, "MethodNotAllowed", message, detailsOf(resource, ""));
}

export function notAcceptable(supported: string[]): StatusError {
  const message = `only the following media types are accepted: ${supported.join(", ")}`;
  return failure(406, "NotAcceptable", message);
}

export function unsupportedMediaType(message: string): StatusError {
  return failure(415, "UnsupportedMediaType", message);
}

export function tooLarge(message: string): StatusError {
  return failure(413, "RequestEntityTooLarge", message);
}

/** 410: what the client wants to continue from is compacted away. */
export function expired(message: string): StatusError {
  return failure(410, "Expired", message);
}

export function tooLargeResourceVersion(requested: number, current: number): StatusError {
  return failure(504, "Timeout", `Too large resource version: ${requested}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

export function tooManyRequests(message: string): StatusError {
  return failure(429, "TooManyRequests", message, { retryAfterSeconds: 1 });
}

export function serviceUnavailable(message: string): StatusError {
  return failure(503, "ServiceUnavailable", message);
}

/** The message of an unexpected error stays in the log; a client gets no internals but what the caller writes here. */
export function internalError(message: string): StatusError {
  return failure(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
}

export function success(details: Details): Status {
  return { apiVersion: "v1", kind: "Status", metadata: {}, status: "Success", details };
}

import { badRequest } from "./status.ts";

export type Verb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection"
  | "post"
  | "put"
  | "head";

/** What a request asks for, read from method and URL alone: the input of authorization and routing. */
export interface RequestInfo {
  method: string;
  /** Decoded path without query. */
  path: string;
  query: URLSearchParams;
  /** For a path that is no resource: the HTTP method in lower case. */
  verb: Verb;
  /** Absent for paths such as /version and /apis/apps/v1. */
  resource?: ResourceRequest;
}

export interface ResourceRequest {
  group: string;
  version: string;
  plural: string;
  /** "" for a cluster-scoped object or a list over all namespaces. */
  namespace: string;
  /** "" for a collection. */
  name: string;
  /** "", "status", "log"… */
  subresource: string;
}

const maxTarget = 16 << 10;

/** Throws 400 for a target that is not a path, holds bad escapes, or is absurdly long. */
export function parseRequest(method: string, target: string): RequestInfo {
  if (target.length > maxTarget) throw badRequest(`the request's URL is longer than ${maxTarget} bytes`);
  const mark = target.indexOf("?");
  const rawPath = mark === -1 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1));
  if (!rawPath.startsWith("/")) throw badRequest("the request's target is not a path");
  const segments = rawPath.split("/").slice(1).map(decodeSegment);
  if (segments.at(-1) === "") segments.pop();
  const path = `/${segments.join("/")}`;
  const resource = resourceOf(segments);
  const plainVerb = method.toLowerCase() as Verb;
  if (resource === undefined) return { method, path, query, verb: plainVerb };
  return { method, path, query, verb: verbOf(method, resource, query), resource };
}

function decodeSegment(segment: string): string {
  try {
    const decoded = decodeURIComponent(segment);
    if (decoded.includes("/") || decoded.includes("\0")) throw badRequest("a path segment may not hold / or NUL");
    return decoded;
  } catch (error) {
    if (error instanceof URIError) throw badRequest(`bad percent-encoding in the request's path`);
    throw error;
  }
}

function resourceOf(segments: string[]): ResourceRequest | undefined {
  const [root, ...rest] = segments;
  const group = root === "apis" ? rest.shift() : root === "api" ? "" : undefined;
  const version = rest.shift();
  if (group === undefined || version === undefined || rest.length === 0) return undefined;
  // /namespaces/NAME/status and /finalize belong to the Namespace itself.
  if (rest[0] === "namespaces" && rest.length > 2 && !["status", "finalize"].includes(rest[2]!)) {
    const [, namespace = "", plural = "", name = "", ...subresource] = rest;
    return { group, version, plural, namespace, name, subresource: subresource.join("/") };
  }
  const [plural = "", name = "", ...subresource] = rest;
  return { group, version, plural, namespace: "", name, subresource: subresource.join("/") };
}

function verbOf(method: string, resource: ResourceRequest, query: URLSearchParams): Verb {
  const single = resource.name !== "";
  switch (method) {
    case "GET":
    case "HEAD":
      if (single) return "get";
      return isTrue(query.get("watch")) && method === "GET" ? "watch" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return single ? "delete" : "deletecollection";
    default:
      return method.toLowerCase() as Verb;
  }
}

/** Kubernetes reads every value but "false" and "0" of a flag that is present as true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== "false" && value !== "0";
}

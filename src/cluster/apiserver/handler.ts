import { StatusError } from "../../kubernetes/errors.ts";
import { type Answer, errorAnswer, type Incoming, jsonAnswer, textAnswer, type User } from "./answer.ts";
import type { ApiContext } from "./context.ts";
import type { Discovery } from "./discovery.ts";
import { parseRequest, type RequestInfo, type ResourceRequest } from "./request-info.ts";
import { answerResource } from "./resource-routes.ts";
import { internalError, methodNotAllowed, pathNotFound, unauthorized } from "./status.ts";
import { serverVersion } from "./version.ts";

/** Finds out who sends a request; undefined for nobody (401). */
export type Authenticate = (incoming: Incoming) => User | undefined;

/** Throws a 403 StatusError unless the user may do what the request asks for. */
export type Authorize = (user: User, info: RequestInfo) => void;

export interface HandlerParts {
  context: ApiContext;
  authenticate: Authenticate;
  authorize: Authorize;
  discovery: Discovery;
  /** Documents and reviews that are no stored objects; undefined passes the request on. */
  extraPaths: ((info: RequestInfo, user: User, incoming: Incoming) => Promise<Answer | undefined>)[];
}

export type Handler = (incoming: Incoming) => Promise<Answer>;

/** One request from first to last: parse, authenticate, authorize, route. Never rejects: whatever goes wrong becomes a Status. */
export function createHandler(parts: HandlerParts): Handler {
  return async (incoming) => {
    try {
      const { user, info } = admit(parts, incoming);
      return await route(parts, info, user, incoming);
    } catch (error) {
      if (error instanceof StatusError) return errorAnswer(error);
      parts.context.log.error({ err: error, method: incoming.method, target: incoming.target }, "a request failed");
      return errorAnswer(internalError("see the log of the API server"));
    }
  };
}

/** Who asks for what. Throws 400, 401 and 403. */
export function admit(
  { authenticate, authorize }: Pick<HandlerParts, "authenticate" | "authorize">,
  incoming: Incoming,
): { user: User; info: RequestInfo } {
  const info = parseRequest(incoming.method, incoming.target);
  const user = authenticate(incoming);
  if (user === undefined) throw unauthorized();
  authorize(user, info);
  return { user, info };
}

async function route(parts: HandlerParts, info: RequestInfo, user: User, incoming: Incoming): Promise<Answer> {
  for (const answer of parts.extraPaths) {
    const found = await answer(info, user, incoming);
    if (found !== undefined) return found;
  }
  if (info.resource !== undefined) {
    return answerResource(parts.context, info as RequestInfo & { resource: ResourceRequest }, user, incoming);
  }
  if (info.method !== "GET" && info.method !== "HEAD") throw pathMethod(info);
  const document = parts.discovery.answer(info.path, incoming.headers.accept);
  if (document !== undefined) return document;
  switch (info.path) {
    case "/version":
      return jsonAnswer(200, serverVersion);
    case "/healthz":
    case "/livez":
    case "/readyz":
      return textAnswer(200, "text/plain; charset=utf-8", "ok");
    default:
      throw pathNotFound();
  }
}

function pathMethod({ path, method }: RequestInfo) {
  return methodNotAllowed({ group: "", plural: path.slice(1) }, method.toLowerCase());
}

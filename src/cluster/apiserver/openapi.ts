import type { Answer, Incoming, User } from "./answer.ts";
import type { KindDescriptor } from "./kinds/descriptor.ts";
import { createOpenApi } from "./kinds/openapi/documents.ts";
import type { RequestInfo } from "./request-info.ts";

/** GET /openapi/v2 and /openapi/v3…, without which kubectl neither applies nor creates. */
export function openApiPaths(kinds: readonly KindDescriptor[]) {
  const documents = createOpenApi(kinds);
  return async (info: RequestInfo, _user: User, incoming: Incoming): Promise<Answer | undefined> => {
    if (info.method !== "GET" || !info.path.startsWith("/openapi/")) return undefined;
    const found = documents(info.path, incoming.headers.accept ?? "");
    return found && { status: 200, headers: { "content-type": found.contentType }, body: found.body };
  };
}

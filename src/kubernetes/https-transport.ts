import { readFile } from "node:fs/promises";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, request as secureRequest } from "node:https";
import type { Socket } from "node:net";
import { http } from "../role/http.ts";
import type { ClusterAccess } from "./kubeconfig.ts";
import type { ApiRequest, ApiResponse, Transport } from "./transport.ts";

/** Until a connection stands, TLS included. Packets to a dead host vanish without an answer. */
const connectTimeout = 10_000;
/**
 * First keep-alive probe on a quiet connection; ten more follow a second apart (libuv's values), so a peer that vanished is noticed
 * after 25 s even in a watch that sends nothing.
 */
const keepAliveDelay = 15_000;
/** Kubernetes renews a projected token at 80 % of its life; client-go reads it each minute. */
const tokenLifetime = 60_000;
const maximumSockets = 256;

/**
 * Requests over node:https with connections kept open. node:https costs a role 11 ms and 4 MB at start, undici 86 ms and 13 MB
 * (docs/decisions). HTTP/1.1 only: one watch, one connection.
 */
export function createHttpsTransport(access: ClusterAccess): Transport {
  const base = new URL(access.server);
  const secure = base.protocol === "https:";
  const common = {
    keepAlive: true,
    keepAliveMsecs: keepAliveDelay,
    maxSockets: maximumSockets,
    scheduling: "lifo",
  } as const;
  const agent = secure
    ? new Agent({
        ...common,
        ca: access.ca,
        cert: access.clientCertificate,
        key: access.clientKey,
        servername: access.serverName,
        rejectUnauthorized: !access.insecure,
      })
    : new http.Agent(common);
  const prefix = base.pathname.replace(/\/+$/, "");
  const authorization = createAuthorization(access);

  const once = (request: ApiRequest, headers: Record<string, string | number>): Promise<ApiResponse> =>
    new Promise((resolve, reject) => {
      const start = secure ? secureRequest : http.request;
      const outgoing = start({
        agent,
        // IPv6 literals lose their brackets.
        host: base.hostname.replace(/^\[|\]$/g, ""),
        port: base.port || (secure ? 443 : 80),
        method: request.method,
        path: prefix + request.path,
        headers,
        signal: request.signal,
      });
      boundConnect(outgoing, secure);
      outgoing.once("response", (response) => resolve(toApiResponse(response)));
      outgoing.once("error", reject);
      outgoing.end(request.body);
    });

  return {
    async request(request) {
      const headers: Record<string, string | number> = { ...request.headers };
      if (request.body !== undefined) headers["content-length"] = Buffer.byteLength(request.body);
      const credentials = await authorization();
      if (credentials !== undefined) headers.authorization = credentials;
      try {
        return await once(request, headers);
      } catch (error) {
        // A server may close an idle connection at the very moment it is used again; a read is safe to send once more.
        if (request.method !== "GET" || request.signal?.aborted || !isReusedReset(error)) throw error;
        return once(request, headers);
      }
    },
    async close() {
      agent.destroy();
    },
  };
}

/** Fails a request whose new connection does not come about in time. */
function boundConnect(outgoing: ClientRequest, secure: boolean): void {
  outgoing.once("socket", (socket: Socket) => {
    if (outgoing.reusedSocket) {
      outgoing.once("error", (error: NodeJS.ErrnoException) => {
        reusedErrors.add(error);
      });
      return;
    }
    const timer = setTimeout(() => {
      outgoing.destroy(new Error(`no connection to the API server within ${connectTimeout / 1000} s`));
    }, connectTimeout);
    const settled = () => clearTimeout(timer);
    socket.once(secure ? "secureConnect" : "connect", settled);
    outgoing.once("close", settled);
  });
}

/** Errors of requests that went out on a connection used before. */
const reusedErrors = new WeakSet<Error>();

function isReusedReset(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return (code === "ECONNRESET" || code === "EPIPE") && reusedErrors.has(error as Error);
}

function toApiResponse(response: IncomingMessage): ApiResponse {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  return { status: response.statusCode ?? 0, headers, body: response };
}

function createAuthorization(access: ClusterAccess): () => Promise<string | undefined> {
  const { tokenFile, token, username } = access;
  if (tokenFile !== undefined) {
    let cached = "";
    let readAt = Number.NEGATIVE_INFINITY;
    return async () => {
      const now = performance.now();
      if (now - readAt > tokenLifetime) {
        try {
          cached = (await readFile(tokenFile, "utf8")).trim();
          readAt = now;
        } catch (error) {
          // The old one may be good for a while yet.
          if (cached === "") throw new Error(`the token file cannot be read: ${(error as Error).message}`);
        }
      }
      return `Bearer ${cached}`;
    };
  }
  let fixed: string | undefined;
  if (token !== undefined) fixed = `Bearer ${token}`;
  else if (username !== undefined)
    fixed = `Basic ${Buffer.from(`${username}:${access.password ?? ""}`).toString("base64")}`;
  return async () => fixed;
}

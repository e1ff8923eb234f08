import { setTimeout as sleep } from "node:timers/promises";
import type { DeleteOptions, KubernetesClient, ListOptions, WatchOptions, WriteOptions } from "./client.ts";
import { StatusError } from "./errors.ts";
import { decodeJsonLines } from "./json-lines.ts";
import { apiVersionOf, pathOf, type Resource } from "./resource.ts";
import type { ApiRequest, ApiResponse, Transport } from "./transport.ts";
import type { KubernetesList, KubernetesObject, Status, WatchEvent } from "./types.ts";

export interface ClientOptions {
  /** Names the component in the server's logs and as field manager: "fairway-proxy". */
  userAgent?: string;
  /** Milliseconds for a whole request, or until a watch's first answer. */
  timeout?: number;
}

/** Answers larger than this are refused: a list of 100,000 Services is about 100 MB. */
const maximumBody = 512 << 20;
const maximumTries = 5;

const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
};

/** The KubernetesClient over any Transport. Reads are sent again after 429 and 503 with Retry-After, within their 30 s; writes are the caller's. */
export function createClient(transport: Transport, options: ClientOptions = {}): KubernetesClient {
  const timeout = options.timeout ?? 30_000;
  const common: Record<string, string> = {
    accept: "application/json",
    "user-agent": options.userAgent ?? "fairway",
  };

  async function call<T>(method: ApiRequest["method"], path: string, body?: unknown, contentType?: string): Promise<T> {
    const signal = AbortSignal.timeout(timeout);
    const headers = body === undefined ? common : { ...common, "content-type": contentType ?? "application/json" };
    const request: ApiRequest = {
      method,
      path,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    };
    try {
      const response = await send(transport, request);
      return (await readJson(response)) as T;
    } catch (error) {
      throw signal.aborted
        ? new Error(`no answer from the API within ${timeout} ms: ${method} ${path}`, { cause: error })
        : error;
    }
  }

  return {
    get: (resource, name, namespace) => call("GET", pathOf(resource, namespace, name)),

    list: <T extends KubernetesObject>(resource: Resource, list: ListOptions = {}) =>
      call<KubernetesList<T>>("GET", pathOf(resource, list.namespace) + queryOf(listParameters(list))),

    async *watch<T extends KubernetesObject>(resource: Resource, watch: WatchOptions): AsyncGenerator<WatchEvent<T>> {
      const path = pathOf(resource, watch.namespace) + queryOf(watchParameters(watch));
      // Ended by the caller, by a server that does not even begin to answer, or by whoever leaves the loop.
      const ending = new AbortController();
      const signal = AbortSignal.any([watch.signal, ending.signal]);
      const timer = setTimeout(() => ending.abort(), timeout);
      try {
        const response = await send(transport, { method: "GET", path, headers: common, signal }).catch((error) => {
          throw ending.signal.aborted
            ? new Error(`the API did not begin to answer a watch within ${timeout} ms: ${path}`)
            : error;
        });
        clearTimeout(timer);
        for await (const event of decodeJsonLines(response.body)) yield checkEvent<T>(event);
      } finally {
        clearTimeout(timer);
        ending.abort();
      }
    },

    create: <T extends KubernetesObject>(
      resource: Resource,
      object: T,
      write: WriteOptions & { name?: string } = {},
    ) => {
      const namespace = write.namespace ?? object.metadata?.namespace;
      // Only subresources (binding, token) are created under an object's name.
      const name = write.subresource === undefined ? undefined : (write.name ?? object.metadata?.name);
      return call<T>("POST", pathOf(resource, namespace, name, write.subresource) + queryOf(writeParameters(write)), {
        ...(write.subresource === undefined && typeOf(resource)),
        ...object,
      });
    },

    update: <T extends KubernetesObject>(resource: Resource, object: T, write: WriteOptions = {}) => {
      const namespace = write.namespace ?? object.metadata?.namespace;
      const path = pathOf(resource, namespace, nameOf(object), write.subresource);
      return call<T>("PUT", path + queryOf(writeParameters(write)), { ...typeOf(resource), ...object });
    },

    patch: (resource, name, patch, write) =>
      call(
        "PATCH",
        pathOf(resource, write.namespace, name, write.subresource) + queryOf(writeParameters(write)),
        patch,
        patchTypes[write.type],
      ),

    async delete(resource, name, write: DeleteOptions = {}) {
      const { propagationPolicy, gracePeriodSeconds, preconditions } = write;
      const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy, gracePeriodSeconds, preconditions };
      const path = pathOf(resource, write.namespace, name, write.subresource) + queryOf(writeParameters(write));
      await call("DELETE", path, body);
    },

    close: () => transport.close(),
  };
}

/** Sends a request, and a read again while the server asks to come back later. Rejects with StatusError unless the answer is 2xx. */
async function send(transport: Transport, request: ApiRequest): Promise<ApiResponse> {
  for (let tries = 1; ; tries += 1) {
    const response = await transport.request(request);
    if (response.status >= 200 && response.status < 300) return response;
    const error = await statusError(request, response);
    const wait = Number(response.headers["retry-after"] ?? error.status.details?.retryAfterSeconds);
    const later = (response.status === 429 || response.status === 503) && wait >= 0;
    if (request.method !== "GET" || !later || tries === maximumTries) throw error;
    await sleep(Math.min(wait, 10) * 1000 * (1 + Math.random() / 4), undefined, { signal: request.signal });
  }
}

async function statusError(request: ApiRequest, response: ApiResponse): Promise<StatusError> {
  const text = (await readBody(response)).toString("utf8");
  let parsed: Partial<Status> | undefined;
  try {
    parsed = JSON.parse(text);
  } catch {
    // A proxy in between answers in its own words.
  }
  const status: Status =
    parsed?.kind === "Status"
      ? ({ code: response.status, ...parsed } as Status)
      : {
          apiVersion: "v1",
          kind: "Status",
          metadata: {},
          status: "Failure",
          code: response.status,
          message: `${request.method} ${request.path} was answered with ${response.status}: ${text.slice(0, 1000)}`,
        };
  return new StatusError(status);
}

async function readBody(response: ApiResponse): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > maximumBody) throw new Error(`the API's answer is larger than ${maximumBody} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function readJson(response: ApiResponse): Promise<unknown> {
  const text = (await readBody(response)).toString("utf8");
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch (error) {
    throw new Error(`the API's answer is not JSON: ${(error as Error).message}`);
  }
}

function checkEvent<T extends KubernetesObject>(value: unknown): WatchEvent<T> {
  const event = value as WatchEvent<T> | null;
  if (typeof event?.type !== "string" || typeof event.object !== "object" || event.object === null)
    throw new Error("the API sent a line that is no watch event");
  if (event.type === "ERROR") throw new StatusError(event.object);
  return event;
}

function typeOf(resource: Resource): { apiVersion: string; kind: string } {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function nameOf(object: KubernetesObject): string {
  const name = object.metadata?.name;
  if (!name) throw new Error("the object has no metadata.name");
  return name;
}

type Parameters = Record<string, string | number | boolean | undefined>;

function listParameters(options: ListOptions): Parameters {
  const { labelSelector, fieldSelector, resourceVersion, limit } = options;
  return { labelSelector, fieldSelector, resourceVersion, limit, continue: options.continue };
}

function watchParameters(options: WatchOptions): Parameters {
  const initial = options.sendInitialEvents
    ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" }
    : undefined;
  const { timeoutSeconds } = options;
  return { watch: true, allowWatchBookmarks: true, timeoutSeconds, ...initial, ...listParameters(options) };
}

function writeParameters(options: WriteOptions): Parameters {
  return { dryRun: options.dryRun ? "All" : undefined };
}

function queryOf(parameters: Parameters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== "") query.set(name, String(value));
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

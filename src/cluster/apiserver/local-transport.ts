import type { ApiRequest, ApiResponse, Transport } from "../../kubernetes/transport.ts";
import type { User } from "./answer.ts";
import type { Handler } from "./handler.ts";

/**
 * A transport into a handler of this process, for the controllers that live beside it. The user is vouched for by whoever makes the
 * transport; authorization is the same as for everybody.
 */
export function localTransport(handler: Handler, user: User): Transport {
  const closing = new AbortController();
  return {
    async request({ method, path, headers, body, signal }: ApiRequest): Promise<ApiResponse> {
      const bytes = typeof body === "string" ? Buffer.from(body) : (body ?? new Uint8Array());
      const answer = await handler({
        method,
        target: path,
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
        body: async () => bytes,
        signal: signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]),
        user,
      });
      return { status: answer.status, headers: answer.headers, body: toChunks(answer.body) };
    },
    close: async () => closing.abort(),
  };
}

async function* once(chunk: Uint8Array): AsyncIterable<Uint8Array> {
  yield chunk;
}

function toChunks(body: string | Uint8Array | AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (typeof body === "string") return once(Buffer.from(body));
  return body instanceof Uint8Array ? once(body) : body;
}

import type { StatusError } from "../../kubernetes/errors.ts";
import type { Entry } from "../storage/entry.ts";

/** A request as the handler sees it, whichever way it came. */
export interface Incoming {
  method: string;
  /** Path with query, as sent. */
  target: string;
  /** Names in lower case. */
  headers: Record<string, string | undefined>;
  /** Reads the body; throws 413 when it is larger than the server takes. */
  body(): Promise<Uint8Array>;
  /** Aborted when the client goes away or the server stops. */
  signal: AbortSignal;
  /** Whom the transport vouches for (a client certificate, a controller in this process); absent: only a token can tell. */
  user?: User;
}

/** Who asks. Groups never hold system:authenticated; the authorizer knows that everybody here is. */
export interface User {
  name: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

/** What the handler answers. A stream's chunks are sent as they come; it ends by itself when the request's signal is aborted. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Milliseconds for which the client of a stream may leave what it was sent unread, before it loses its connection; absent: any time. */
  readTimeout?: number;
}

export function jsonAnswer(status: number, value: unknown): Answer {
  return textAnswer(status, "application/json", JSON.stringify(value));
}

export function textAnswer(status: number, type: string, body: string): Answer {
  return { status, headers: { "content-type": type }, body };
}

export function entryAnswer(status: number, entry: Entry): Answer {
  return textAnswer(status, "application/json", entry.json);
}

export function errorAnswer(error: StatusError): Answer {
  const answer = jsonAnswer(error.code, error.status);
  const retry = error.status.details?.retryAfterSeconds;
  if (retry !== undefined) answer.headers["retry-after"] = String(retry);
  if (error.code === 401) answer.headers["www-authenticate"] = 'Bearer realm="fairway"';
  return answer;
}

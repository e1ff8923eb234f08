import type { Status } from "./types.ts";

/** An answer of the API that is not the object asked for. `message` is the server's own, made for people. */
export class StatusError extends Error {
  readonly status: Status;
  constructor(status: Status) {
    super(status.message ?? status.reason ?? `the API answered ${status.code ?? "with a failure"}`);
    this.name = "StatusError";
    this.status = status;
  }
  /** HTTP code, 500 when the server left it out. */
  get code(): number {
    return this.status.code ?? 500;
  }
  get reason(): string {
    return this.status.reason ?? "";
  }
}

/** What a listener of a cache threw (`cause`): a fault of this program, not trouble with the API. */
export class ListenerError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = "ListenerError";
  }
}

/** Of a server that went away or is not there yet (libuv's names; a response that was cut off is ECONNRESET as well). */
const connectionErrors = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"]);

/** No answer came because there is no connection. The request may have been carried out all the same. */
export function isConnectionError(error: unknown): boolean {
  return error instanceof Error && connectionErrors.has((error as NodeJS.ErrnoException).code ?? "");
}

export function isNotFound(error: unknown): boolean {
  return error instanceof StatusError && error.code === 404;
}
/** A concurrent writer was faster: read again and retry. */
export function isConflict(error: unknown): boolean {
  return error instanceof StatusError && error.code === 409 && error.reason === "Conflict";
}
export function isAlreadyExists(error: unknown): boolean {
  return error instanceof StatusError && error.reason === "AlreadyExists";
}
/** The resourceVersion asked for is compacted away: list again. */
export function isExpired(error: unknown): boolean {
  return error instanceof StatusError && error.code === 410;
}

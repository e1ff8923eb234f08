import { badRequest } from "./status.ts";

/** Where a list goes on: behind a key, in the state of a revision; a revision of 0 or below means the newest state. */
export interface Continue {
  revision: number;
  after: string;
}

/** Opaque to clients; nothing in it needs protection, since a reader may list everything it could name. */
export function encodeContinue({ revision, after }: Continue): string {
  return Buffer.from(JSON.stringify({ v: "fairway/v1", rv: revision, after })).toString("base64url");
}

/** Throws 400 for a token that this server did not make. */
export function decodeContinue(token: string): Continue {
  try {
    const { v, rv, after } = JSON.parse(Buffer.from(token, "base64url").toString()) as Record<string, unknown>;
    if (v === "fairway/v1" && Number.isSafeInteger(rv) && typeof after === "string") {
      return { revision: rv as number, after };
    }
  } catch {
    // Not JSON: the same answer as for JSON that is no token.
  }
  throw badRequest("continue key is not valid: start the list again without it");
}

import type { Incoming, User } from "../answer.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

const maxToken = 16 << 10;

/**
 * Finds out who sends a request: whom the transport vouches for (client certificate, controller), or else the bearer of a ServiceAccount token.
 * undefined for everybody else: there are no anonymous requests.
 */
export function createAuthenticator(tokens: ServiceAccountTokens): (incoming: Incoming) => User | undefined {
  return ({ user, headers }) => {
    if (user !== undefined) return user;
    const token = bearerToken(headers.authorization);
    return token === undefined ? undefined : tokens.authenticate(token);
  };
}

function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined || header.length > maxToken) return undefined;
  return /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(header)?.[1];
}

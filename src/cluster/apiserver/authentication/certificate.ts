import type { TLSSocket } from "node:tls";
import type { User } from "../answer.ts";

const known = new WeakMap<TLSSocket, User | undefined | "invalid">();

/** Who the client of a connection is; a connection's certificate never changes (renegotiation is not offered). */
export function userOfSocket(socket: TLSSocket): User | undefined | "invalid" {
  if (known.has(socket)) return known.get(socket);
  const user = userOfCertificate(socket);
  known.set(socket, user);
  return user;
}

/**
 * Who a client certificate speaks for: CN is the user, each O a group. undefined when the client showed none. `invalid` when it showed one
 * that the cluster's authority did not sign, or that is expired: such a client gets 401 whatever else it sends.
 */
function userOfCertificate(socket: TLSSocket): User | undefined | "invalid" {
  const certificate = socket.getPeerCertificate();
  // Node gives an empty object when there is no certificate.
  if (certificate === null || Object.keys(certificate).length === 0) return undefined;
  if (!socket.authorized) return "invalid";
  const { CN, O } = certificate.subject as { CN?: string | string[]; O?: string | string[] };
  const name = Array.isArray(CN) ? CN[0] : CN;
  if (!name) return "invalid";
  const groups = O === undefined ? [] : Array.isArray(O) ? O : [O];
  return { name, groups };
}

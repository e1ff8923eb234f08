import { randomUUID } from "node:crypto";
import type { Store } from "../../storage/store.ts";
import type { User } from "../answer.ts";
import type { JwtKey } from "./jwt.ts";

/** An object by name and uid: the same name with another uid is another object. */
export interface Identified {
  name: string;
  uid: string;
}

export interface TokenSubject {
  namespace: string;
  serviceAccount: Identified;
  /** The token ends with the Pod. */
  pod?: Identified;
  node?: { name: string; uid?: string };
}

export interface IssuedToken {
  token: string;
  /** Milliseconds since the epoch. */
  expires: number;
}

interface Claims {
  iss: string;
  sub: string;
  aud: string[];
  exp: number;
  nbf: number;
  jti: string;
  "kubernetes.io": {
    namespace: string;
    serviceaccount: Identified;
    pod?: Identified;
    node?: { name: string; uid?: string };
  };
}

/** A Pod that is being deleted keeps its rights this long past its grace period, so that it can say goodbye. Milliseconds. */
const goodbye = 60_000;
const maxCached = 1000;

/**
 * Bound ServiceAccount tokens (KEP-1205): signed for a ServiceAccount, an audience and a time, and void as soon as the ServiceAccount or the Pod
 * that they are bound to is gone.
 */
export class ServiceAccountTokens {
  readonly #key: JwtKey;
  readonly #store: Store;
  readonly #now: () => number;
  /** Also the audience of tokens for this API. */
  readonly issuer: string;
  /** Verified signatures: a Pod sends the same token with every request. */
  readonly #verified = new Map<string, Claims>();

  constructor(options: { key: JwtKey; store: Store; now: () => number; issuer: string }) {
    this.#key = options.key;
    this.#store = options.store;
    this.#now = options.now;
    this.issuer = options.issuer;
  }

  issue(subject: TokenSubject, audiences: string[], seconds: number): IssuedToken {
    const now = Math.floor(this.#now() / 1000);
    const { namespace, serviceAccount, pod, node } = subject;
    const claims: Claims & { iat: number } = {
      iss: this.issuer,
      sub: userNameOf(namespace, serviceAccount.name),
      aud: audiences,
      iat: now,
      nbf: now,
      exp: now + seconds,
      jti: randomUUID(),
      "kubernetes.io": { namespace, serviceaccount: serviceAccount, pod, node },
    };
    return { token: this.#key.sign(claims), expires: claims.exp * 1000 };
  }

  /** Who a token speaks for; undefined when it counts for nothing (any more) or is for none of the audiences. */
  authenticate(token: string, audiences: string[] = [this.issuer]): User | undefined {
    const claims = this.#claimsOf(token);
    if (claims === undefined || !claims.aud.some((audience) => audiences.includes(audience))) return undefined;
    const now = this.#now() / 1000;
    // Clocks of one machine agree: no leeway.
    if (now >= claims.exp || now < claims.nbf) return undefined;
    const { namespace, serviceaccount, pod, node } = claims["kubernetes.io"];
    if (!this.#isAlive("serviceaccounts", namespace, serviceaccount)) return undefined;
    if (pod !== undefined && !this.#isAlive("pods", namespace, pod)) return undefined;
    return {
      name: userNameOf(namespace, serviceaccount.name),
      uid: serviceaccount.uid,
      groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
      extra: extraOf(claims.jti, pod, node),
    };
  }

  #claimsOf(token: string): Claims | undefined {
    const known = this.#verified.get(token);
    if (known !== undefined) return known;
    const claims = this.#key.verify(token);
    if (claims === undefined || !isClaims(claims) || claims.iss !== this.issuer) return undefined;
    if (this.#verified.size >= maxCached) this.#verified.clear();
    this.#verified.set(token, claims);
    return claims;
  }

  #isAlive(collection: string, namespace: string, { name, uid }: Identified): boolean {
    const metadata = this.#store.collection(collection).get(`${namespace}/${name}`)?.object.metadata;
    if (metadata?.uid !== uid) return false;
    const { deletionTimestamp } = metadata;
    return deletionTimestamp === undefined || Date.parse(deletionTimestamp) + goodbye > this.#now();
  }
}

/** The key signed it, so the shape is ours; what is checked is that it is a token of this kind at all. */
function isClaims(claims: Record<string, unknown>): claims is Record<string, unknown> & Claims {
  return Array.isArray(claims.aud) && typeof claims.exp === "number" && typeof claims["kubernetes.io"] === "object";
}

function userNameOf(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

function extraOf(jti: string, pod: Identified | undefined, node: { name: string; uid?: string } | undefined) {
  const prefix = "authentication.kubernetes.io";
  const extra: Record<string, string[]> = { [`${prefix}/credential-id`]: [`JTI=${jti}`] };
  if (pod !== undefined) {
    extra[`${prefix}/pod-name`] = [pod.name];
    extra[`${prefix}/pod-uid`] = [pod.uid];
  }
  if (node !== undefined) {
    extra[`${prefix}/node-name`] = [node.name];
    if (node.uid !== undefined) extra[`${prefix}/node-uid`] = [node.uid];
  }
  return extra;
}

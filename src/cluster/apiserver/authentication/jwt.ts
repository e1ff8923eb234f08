import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** JSON Web Tokens (RFC 7519) with one key: ES256 for a P-256 key, RS256 for an RSA key. Nothing else is ever accepted. */
export class JwtKey {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #algorithm: "ES256" | "RS256";
  readonly #keyId: string;

  /** `pem`: the private key. Throws for keys that neither algorithm takes. */
  constructor(pem: string) {
    this.#privateKey = createPrivateKey(pem);
    this.#publicKey = createPublicKey(this.#privateKey);
    const { asymmetricKeyType, asymmetricKeyDetails } = this.#privateKey;
    if (asymmetricKeyType === "rsa") this.#algorithm = "RS256";
    else if (asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1") this.#algorithm = "ES256";
    else throw new Error(`the key of the service accounts must be RSA or EC P-256, found ${asymmetricKeyType}`);
    const der = this.#publicKey.export({ type: "spki", format: "der" });
    this.#keyId = createHash("sha256").update(der).digest("base64url");
  }

  sign(claims: object): string {
    const header = { alg: this.#algorithm, kid: this.#keyId };
    const signed = `${encode(header)}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(signed), { key: this.#privateKey, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  }

  /** The claims of a token that this key signed; undefined for anything else. Times are the caller's to check. */
  verify(token: string): Record<string, unknown> | undefined {
    const parts = token.split(".");
    if (parts.length !== 3) return undefined;
    const [header = "", claims = "", signature = ""] = parts;
    const { alg, kid } = decode(header) ?? {};
    // The algorithm is the key's, never the token's choice.
    if (alg !== this.#algorithm || kid !== this.#keyId) return undefined;
    const key = { key: this.#publicKey, dsaEncoding: "ieee-p1363" as const };
    const genuine = verify("sha256", Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, "base64url"));
    return genuine ? decode(claims) : undefined;
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

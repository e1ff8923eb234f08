import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { type CertificateContent, type Issuer, issueCertificate, type Subject } from "./certificate.ts";
import { readIfPresent, writeFileAtomically } from "./files.ts";

/** A certificate and its private key, both PEM. */
export interface Credential {
  certificate: string;
  key: string;
}

/** What a certificate is asked for; its keys and dates are the authority's business. */
export type CertificateRequest = Omit<CertificateContent, "publicKey" | "notBefore" | "notAfter" | "authority">;

const day = 24 * 60 * 60 * 1000;
/** As kubeadm's: 10 years for the authority, 1 year for what it signs. */
const lifetime = { authority: 3650 * day, certificate: 365 * day };
/** With less time left than this a certificate is made again at the next boot. */
const renewal = 30 * day;
/** Clocks of clients may be behind ours. */
const backdated = 60 * 60 * 1000;

const authoritySubject: Subject = { commonName: "fairway" };

/** The cluster's certificate authority: a P-256 key that signs what the parts of the cluster show to each other. */
export class Authority {
  readonly certificate: string;
  readonly #issuer: Issuer;
  readonly #parsed: X509Certificate;

  constructor(certificate: string, privateKey: KeyObject) {
    this.certificate = certificate;
    this.#parsed = new X509Certificate(certificate);
    this.#issuer = { subject: authoritySubject, publicKey: this.#parsed.publicKey, privateKey };
  }

  issue(request: CertificateRequest, now = new Date()): Credential {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const content = { ...request, publicKey, ...validity(now, lifetime.certificate) };
    return { certificate: issueCertificate(content, this.#issuer), key: privatePem(privateKey) };
  }

  /** Whether a credential made before still is what the request asks for: signed by this authority, same names, not near its end. */
  fits({ certificate, key }: Credential, request: CertificateRequest, now = new Date()): boolean {
    try {
      const parsed = new X509Certificate(certificate);
      return (
        parsed.checkPrivateKey(createPrivateKey(key)) &&
        parsed.verify(this.#parsed.publicKey) &&
        parsed.validToDate.getTime() - now.getTime() > renewal &&
        parsed.subject === subjectText(request.subject) &&
        (parsed.subjectAltName ?? "") === alternativeNamesText(request)
      );
    } catch {
      // Not PEM, or cut off by a crash of an older machine: it is made again.
      return false;
    }
  }

  /** The credential in `NAME.crt` and `NAME.key` of the directory; made, or made again, when it does not fit. */
  async ensure(directory: string, name: string, request: CertificateRequest): Promise<Credential> {
    const paths = { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
    const [certificate, key] = await Promise.all([readIfPresent(paths.certificate), readIfPresent(paths.key)]);
    if (certificate !== undefined && key !== undefined && this.fits({ certificate, key }, request)) {
      return { certificate, key };
    }
    const credential = this.issue(request);
    await writeFileAtomically(paths.key, credential.key);
    await writeFileAtomically(paths.certificate, credential.certificate);
    return credential;
  }

  /** The authority kept in `ca.crt` and `ca.key`; a new one when there is none or its end is near. */
  static async load(directory: string, now = new Date()): Promise<Authority> {
    const paths = { certificate: join(directory, "ca.crt"), key: join(directory, "ca.key") };
    const [certificate, key] = await Promise.all([readIfPresent(paths.certificate), readIfPresent(paths.key)]);
    const kept = certificate !== undefined && key !== undefined ? usableAuthority(certificate, key, now) : undefined;
    if (kept !== undefined) return kept;
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const issuer = { subject: authoritySubject, publicKey, privateKey };
    const dates = validity(now, lifetime.authority);
    const made = issueCertificate({ subject: authoritySubject, publicKey, authority: true, ...dates }, issuer);
    await writeFileAtomically(paths.key, privatePem(privateKey));
    await writeFileAtomically(paths.certificate, made);
    return new Authority(made, privateKey);
  }
}

function usableAuthority(certificate: string, key: string, now: Date): Authority | undefined {
  try {
    const parsed = new X509Certificate(certificate);
    const privateKey = createPrivateKey(key);
    // What it signs must not outlive it.
    const enough = parsed.validToDate.getTime() - now.getTime() > lifetime.certificate;
    const ours = parsed.ca && parsed.subject === subjectText(authoritySubject) && parsed.checkPrivateKey(privateKey);
    return enough && ours ? new Authority(certificate, privateKey) : undefined;
  } catch {
    return undefined;
  }
}

function validity(now: Date, duration: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now.getTime() - backdated), notAfter: new Date(now.getTime() + duration) };
}

function privatePem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** A key pair that signs ServiceAccount tokens (ES256): kept when both halves are there and belong together. */
export async function ensureSigningKey(privatePath: string, publicPath: string): Promise<void> {
  const [privateText, publicText] = await Promise.all([readIfPresent(privatePath), readIfPresent(publicPath)]);
  if (privateText !== undefined && publicText !== undefined && publicOf(privateText) === publicText) return;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFileAtomically(privatePath, privatePem(privateKey));
  await writeFileAtomically(publicPath, publicKey.export({ type: "spki", format: "pem" }).toString());
}

function publicOf(privateText: string): string | undefined {
  try {
    return createPublicKey(privateText).export({ type: "spki", format: "pem" }).toString();
  } catch {
    return undefined;
  }
}

/** As X509Certificate.subject writes it. */
function subjectText({ commonName, organizations = [] }: Subject): string {
  return [...organizations.map((organization) => `O=${organization}`), `CN=${commonName}`].join("\n");
}

/** As X509Certificate.subjectAltName writes it. */
function alternativeNamesText({ dnsNames = [], addresses = [] }: CertificateRequest): string {
  return [...dnsNames.map((name) => `DNS:${name}`), ...addresses.map((text) => `IP Address:${text}`)].join(", ");
}

import { createHash, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";
import * as der from "./der.ts";

/** Who a certificate speaks for: to Kubernetes the common name is the user, the organizations are the groups. */
export interface Subject {
  commonName: string;
  organizations?: readonly string[];
}

export interface CertificateContent {
  subject: Subject;
  publicKey: KeyObject;
  notBefore: Date;
  notAfter: Date;
  /** May sign other certificates, but no certificate that may do so itself (path length 0). */
  authority?: boolean;
  /** Extended key usages. */
  server?: boolean;
  client?: boolean;
  dnsNames?: readonly string[];
  /** IPv4 addresses. */
  addresses?: readonly string[];
}

export interface Issuer {
  subject: Subject;
  publicKey: KeyObject;
  /** ECDSA on P-256. */
  privateKey: KeyObject;
}

const oid = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
};
const usage = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 };

const spki = (key: KeyObject) => key.export({ type: "spki", format: "der" });
/** RFC 7093, section 2, method 4: a hash of the whole SubjectPublicKeyInfo. */
const keyIdentifier = (key: KeyObject) => createHash("sha256").update(spki(key)).digest();

function distinguishedName({ commonName, organizations = [] }: Subject): Buffer {
  const attribute = (type: string, value: string) =>
    der.setOf(der.sequence(der.objectIdentifier(type), der.utf8String(value)));
  return der.sequence(
    ...organizations.map((organization) => attribute(oid.organization, organization)),
    attribute(oid.commonName, commonName),
  );
}

function extension(type: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.objectIdentifier(type), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
}

function address(text: string): Buffer {
  if (!isIPv4(text)) throw new Error(`"${text}" is no IPv4 address and cannot stand in a certificate`);
  return Buffer.from(text.split(".").map(Number));
}

function extensions(content: CertificateContent, issuer: Issuer): Buffer {
  const { authority = false, dnsNames = [], addresses = [] } = content;
  const usages = authority ? [usage.keyCertSign, usage.cRLSign] : [usage.digitalSignature];
  const purposes = [...(content.server ? [oid.serverAuth] : []), ...(content.client ? [oid.clientAuth] : [])];
  const names = [
    ...dnsNames.map((name) => der.implicit(2, Buffer.from(name, "ascii"))),
    ...addresses.map((text) => der.implicit(7, address(text))),
  ];
  const pathLength = der.unsignedInteger(Uint8Array.of(0));
  const constraints = authority ? der.sequence(der.boolean(true), pathLength) : der.sequence();
  return der.sequence(
    extension(oid.basicConstraints, true, constraints),
    extension(oid.keyUsage, true, der.namedBits(usages)),
    extension(oid.subjectKeyIdentifier, false, der.octetString(keyIdentifier(content.publicKey))),
    extension(oid.authorityKeyIdentifier, false, der.sequence(der.implicit(0, keyIdentifier(issuer.publicKey)))),
    ...(purposes.length > 0
      ? [extension(oid.extendedKeyUsage, false, der.sequence(...purposes.map(der.objectIdentifier)))]
      : []),
    ...(names.length > 0 ? [extension(oid.subjectAltName, false, der.sequence(...names))] : []),
  );
}

/**
 * An X.509 version 3 certificate (RFC 5280) signed with ECDSA and SHA-256, as PEM. Made here because nothing is parsed and little is
 * needed: a certificate library costs 80 ms and 25 MB at every boot (docs/decisions/0005-certificates.md).
 */
export function issueCertificate(content: CertificateContent, issuer: Issuer): string {
  const algorithm = der.sequence(der.objectIdentifier(oid.ecdsaWithSha256));
  const body = der.sequence(
    der.explicit(0, der.unsignedInteger(Uint8Array.of(2))),
    der.unsignedInteger(randomBytes(16)),
    algorithm,
    distinguishedName(issuer.subject),
    der.sequence(der.time(content.notBefore), der.time(content.notAfter)),
    distinguishedName(content.subject),
    spki(content.publicKey),
    der.explicit(3, extensions(content, issuer)),
  );
  const certificate = der.sequence(body, algorithm, der.bitString(sign("sha256", body, issuer.privateKey)));
  const lines = certificate.toString("base64").replaceAll(/(.{64})(?=.)/g, "$1\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

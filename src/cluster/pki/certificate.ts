import { createHash, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import * as x509 from "@peculiar/asn1-x509";

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

/** RFC 4519. */
const attribute = { commonName: "2.5.4.3", organization: "2.5.4.10" };
/** RFC 5758, section 3.2. */
const ecdsaWithSha256 = new x509.AlgorithmIdentifier({ algorithm: "1.2.840.10045.4.3.2" });

const spki = (key: KeyObject) => key.export({ type: "spki", format: "der" });
/** RFC 7093, section 2, method 4: a hash of the whole SubjectPublicKeyInfo. */
const keyIdentifier = (key: KeyObject) => createHash("sha256").update(spki(key)).digest();

function distinguishedName({ commonName, organizations = [] }: Subject): x509.Name {
  const part = (type: string, text: string) => {
    const value = new x509.AttributeValue({ utf8String: text });
    return new x509.RelativeDistinguishedName([new x509.AttributeTypeAndValue({ type, value })]);
  };
  return new x509.Name([
    ...organizations.map((organization) => part(attribute.organization, organization)),
    part(attribute.commonName, commonName),
  ]);
}

function extension(extnID: string, critical: boolean, value: object): x509.Extension {
  return new x509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function address(text: string): x509.GeneralName {
  if (!isIPv4(text)) throw new Error(`"${text}" is no IPv4 address and cannot stand in a certificate`);
  return new x509.GeneralName({ iPAddress: text });
}

function extensions(content: CertificateContent, issuer: Issuer): x509.Extensions {
  const { authority = false, dnsNames = [], addresses = [] } = content;
  const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags;
  const constraints = new x509.BasicConstraints(authority ? { cA: true, pathLenConstraint: 0 } : {});
  const authorityKey = new x509.AuthorityKeyIdentifier({
    keyIdentifier: new x509.KeyIdentifier(keyIdentifier(issuer.publicKey)),
  });
  const purposes = [
    ...(content.server ? [x509.id_kp_serverAuth] : []),
    ...(content.client ? [x509.id_kp_clientAuth] : []),
  ];
  const names = [...dnsNames.map((dNSName) => new x509.GeneralName({ dNSName })), ...addresses.map(address)];
  const key = new x509.SubjectKeyIdentifier(keyIdentifier(content.publicKey));
  return new x509.Extensions([
    extension(x509.id_ce_basicConstraints, true, constraints),
    extension(x509.id_ce_keyUsage, true, new x509.KeyUsage(authority ? keyCertSign | cRLSign : digitalSignature)),
    extension(x509.id_ce_subjectKeyIdentifier, false, key),
    extension(x509.id_ce_authorityKeyIdentifier, false, authorityKey),
    ...(purposes.length > 0 ? [extension(x509.id_ce_extKeyUsage, false, new x509.ExtendedKeyUsage(purposes))] : []),
    ...(names.length > 0 ? [extension(x509.id_ce_subjectAltName, false, new x509.SubjectAlternativeName(names))] : []),
  ]);
}

/** A positive integer of 16 bytes with no leading zero, as DER wants it: 126 of its bits are random. */
function serialNumber(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(16));
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.buffer;
}

/** An X.509 version 3 certificate (RFC 5280) signed with ECDSA and SHA-256, as PEM. */
export function issueCertificate(content: CertificateContent, issuer: Issuer): string {
  const { notBefore, notAfter } = content;
  const tbsCertificate = new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber: serialNumber(),
    signature: ecdsaWithSha256,
    issuer: distinguishedName(issuer.subject),
    validity: new x509.Validity({ notBefore, notAfter }),
    subject: distinguishedName(content.subject),
    subjectPublicKeyInfo: AsnConvert.parse(spki(content.publicKey), x509.SubjectPublicKeyInfo),
    extensions: extensions(content, issuer),
  });
  const signature = sign("sha256", new Uint8Array(AsnConvert.serialize(tbsCertificate)), issuer.privateKey);
  const certificate = new x509.Certificate({
    tbsCertificate,
    signatureAlgorithm: ecdsaWithSha256,
    signatureValue: new Uint8Array(signature).buffer,
  });
  const lines = Buffer.from(AsnConvert.serialize(certificate))
    .toString("base64")
    .replaceAll(/(.{64})(?=.)/g, "$1\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { connect, createServer, type TLSSocket } from "node:tls";
import { Authority, type CertificateRequest, type Credential, ensureSigningKey } from "./authority.ts";

const day = 24 * 60 * 60 * 1000;
const server: CertificateRequest = {
  subject: { commonName: "kube-apiserver" },
  server: true,
  dnsNames: ["kubernetes", "kubernetes.default.svc.cluster.local", "localhost"],
  addresses: ["127.0.0.1", "10.96.0.1"],
};
const client: CertificateRequest = {
  subject: { commonName: "system:node:node1", organizations: ["system:nodes"] },
  client: true,
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fairway-pki-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("what an authority issues", () => {
  test("is read by another X.509 implementation as it was asked for", async () => {
    const authority = await Authority.load(directory);
    const root = new X509Certificate(authority.certificate);
    assert.equal(root.ca, true);
    assert.equal(root.verify(root.publicKey), true);

    const { certificate, key } = authority.issue(server);
    const parsed = new X509Certificate(certificate);
    assert.equal(parsed.subject, "CN=kube-apiserver");
    assert.equal(parsed.issuer, root.subject);
    assert.equal(parsed.ca, false);
    assert.equal(parsed.verify(root.publicKey), true);
    assert.equal(parsed.checkIssued(root), true);
    assert.equal(parsed.checkPrivateKey(createPrivateKey(key)), true);
    assert.deepEqual(parsed.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
    for (const name of server.dnsNames ?? []) assert.equal(parsed.checkHost(name), name);
    for (const address of server.addresses ?? []) assert.equal(parsed.checkIP(address), address);
    assert.equal(parsed.checkHost("elsewhere"), undefined);
    assert.equal(parsed.checkIP("10.96.0.2"), undefined);
  });

  test("carries user and groups for Kubernetes", async () => {
    const parsed = new X509Certificate((await Authority.load(directory)).issue(client).certificate);
    assert.equal(parsed.subject, "O=system:nodes\nCN=system:node:node1");
  });

  test("has a serial number of its own", async () => {
    const authority = await Authority.load(directory);
    const serials = Array.from({ length: 200 }, () => new X509Certificate(authority.issue(client).certificate));
    assert.equal(new Set(serials.map(({ serialNumber }) => serialNumber)).size, 200);
  });

  test("stays valid past 2050, where the form of a date changes", async () => {
    const now = new Date("2049-11-30T12:00:00Z");
    const authority = await Authority.load(directory, now);
    const parsed = new X509Certificate(authority.issue(client, now).certificate);
    assert.equal(parsed.validFromDate.toISOString(), "2049-11-30T11:00:00.000Z");
    assert.equal(parsed.validToDate.toISOString(), "2050-11-30T12:00:00.000Z");
  });

  test("refuses what is no IPv4 address", async () => {
    const authority = await Authority.load(directory);
    assert.throws(() => authority.issue({ ...server, addresses: ["fd00::1"] }), /"fd00::1" is no IPv4 address/);
  });

  test("makes a mutual TLS handshake", async () => {
    const authority = await Authority.load(directory);
    const handshake = (shown: Credential) => exchange(authority, authority.issue(server), shown);
    assert.equal(await handshake(authority.issue(client)), "hello system:node:node1");

    const other = await Authority.load(join(directory, "other"));
    await assert.rejects(handshake(other.issue(client)));
    await assert.rejects(handshake(authority.issue({ ...client, client: false, server: true })));
  });
});

/** One TLS 1.2 connection (there a refused client certificate fails the handshake itself); resolves to what the server said. */
function exchange(authority: Authority, serverSide: Credential, clientSide: Credential): Promise<string> {
  const ca = authority.certificate;
  const listener = createServer(
    { ca, cert: serverSide.certificate, key: serverSide.key, requestCert: true, rejectUnauthorized: true },
    (socket: TLSSocket) => socket.end(`hello ${socket.getPeerCertificate().subject.CN}`),
  );
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  listener.on("tlsClientError", reject);
  listener.listen(0, "127.0.0.1", () => {
    const { port } = listener.address() as { port: number };
    const options = { port, host: "127.0.0.1", ca, cert: clientSide.certificate, key: clientSide.key };
    const socket = connect({ ...options, servername: "localhost", maxVersion: "TLSv1.2" });
    let said = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
    });
    socket.on("end", () => resolve(said)).on("error", reject);
  });
  return promise.finally(() => listener.close());
}

describe("what is kept in files", () => {
  test("is open to its owner only", async () => {
    const authority = await Authority.load(directory);
    await authority.ensure(directory, "apiserver", server);
    await ensureSigningKey(join(directory, "service-accounts.key"), join(directory, "service-accounts.pub"));
    const names = (await readdir(directory)).sort();
    const crt = ["apiserver.crt", "apiserver.key", "ca.crt", "ca.key", "service-accounts.key", "service-accounts.pub"];
    assert.deepEqual(names, crt);
    for (const name of names) assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600, name);
  });

  test("is kept while it fits", async () => {
    const before = await (await Authority.load(directory)).ensure(directory, "apiserver", server);
    const authority = await Authority.load(directory);
    assert.deepEqual(await authority.ensure(directory, "apiserver", server), before);
  });

  const changes: [string, (before: Credential, path: string) => Promise<CertificateRequest>][] = [
    ["another address", async () => ({ ...server, addresses: ["127.0.0.1", "10.96.0.9"] })],
    ["another name", async () => ({ ...server, dnsNames: ["kubernetes"] })],
    ["another user", async () => ({ ...server, subject: { commonName: "someone" } })],
    [
      "a file that was cut off",
      async (before, path) => {
        await writeFile(path, before.certificate.slice(0, 200));
        return server;
      },
    ],
    [
      "another authority",
      async () => {
        await rm(join(directory, "ca.key"));
        return server;
      },
    ],
  ];
  for (const [name, change] of changes) {
    test(`is made again for ${name}`, async () => {
      const before = await (await Authority.load(directory)).ensure(directory, "apiserver", server);
      const request = await change(before, join(directory, "apiserver.crt"));
      const authority = await Authority.load(directory);
      const after = await authority.ensure(directory, "apiserver", request);
      assert.notEqual(after.certificate, before.certificate);
      assert.equal(authority.fits(after, request), true);
      assert.equal(await readFile(join(directory, "apiserver.crt"), "utf8"), after.certificate);
    });
  }

  test("is made again near its end", async () => {
    const authority = await Authority.load(directory);
    const credential = authority.issue(server);
    const later = (days: number) => new Date(Date.now() + days * day);
    assert.equal(authority.fits(credential, server, later(334)), true);
    assert.equal(authority.fits(credential, server, later(336)), false);
    assert.equal((await Authority.load(directory, later(3650 - 366))).certificate, authority.certificate);
    assert.notEqual((await Authority.load(directory, later(3650 - 364))).certificate, authority.certificate);
  });

  test("holds a key pair for tokens whose halves belong together", async () => {
    const paths = [join(directory, "sa.key"), join(directory, "sa.pub")] as const;
    const read = () => Promise.all(paths.map((path) => readFile(path, "utf8")));
    await ensureSigningKey(...paths);
    const made = await read();
    assert.equal(createPublicKey(made[0]!).export({ type: "spki", format: "pem" }), made[1]);
    await ensureSigningKey(...paths);
    assert.deepEqual(await read(), made);
    await rm(paths[1]);
    await ensureSigningKey(...paths);
    assert.notDeepEqual(await read(), made);
  });
});

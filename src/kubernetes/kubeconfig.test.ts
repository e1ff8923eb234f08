import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { KubeconfigError, loadKubeconfig, parseKubeconfig } from "./kubeconfig.ts";

const pem = (kind: string) => `-----BEGIN ${kind}-----\nAAAA\n-----END ${kind}-----\n`;
const base64 = (text: string) => Buffer.from(text).toString("base64");

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "kubeconfig-"));
});
after(() => rm(directory, { recursive: true }));

const parse = (text: string, context?: string) => parseKubeconfig(text, { source: "test", directory, context });

/** A minimal good configuration with some of its parts replaced. */
function config(cluster: object = {}, user: object = {}, context: object = {}): string {
  return JSON.stringify({
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u", ...context } }],
    clusters: [{ name: "k", cluster: { server: "https://10.0.0.1:6443", ...cluster } }],
    users: [{ name: "u", user }],
  });
}

test("what never ends is no kubeconfig, and no certificate", async () => {
  await assert.rejects(
    loadKubeconfig("/dev/zero"),
    /^KubeconfigError: kubeconfig \/dev\/zero: cannot be read: .* holds more than/,
  );
  const endless = config({ "certificate-authority": "/dev/zero" });
  await assert.rejects(parse(endless), /certificate-authority cannot be read: \/dev\/zero holds more than/);
});

test("YAML with embedded certificates", async () => {
  const access = await parse(`
apiVersion: v1
kind: Config
current-context: admin@lab
contexts:
- {name: admin@lab, context: {cluster: lab, user: admin, namespace: shop}}
clusters:
- name: lab
  cluster:
    server: https://[fd00::1]:6443/
    certificate-authority-data: ${base64(pem("CERTIFICATE"))}
    tls-server-name: kubernetes
users:
- name: admin
  user:
    client-certificate-data: ${base64(pem("CERTIFICATE"))}
    client-key-data: ${base64(pem("PRIVATE KEY"))}
`);
  assert.deepEqual(
    { ...access },
    {
      server: "https://[fd00::1]:6443",
      ca: pem("CERTIFICATE"),
      serverName: "kubernetes",
      insecure: false,
      clientCertificate: pem("CERTIFICATE"),
      clientKey: pem("PRIVATE KEY"),
      token: undefined,
      tokenFile: undefined,
      username: undefined,
      password: undefined,
      namespace: "shop",
    },
  );
});

test("file names are relative to the kubeconfig; a token file wins over a token", async () => {
  await writeFile(join(directory, "ca.crt"), pem("CERTIFICATE"));
  const path = join(directory, "config");
  await writeFile(path, config({ "certificate-authority": "ca.crt" }, { tokenFile: "token", token: "old" }));
  const access = await loadKubeconfig(path);
  assert.equal(access.ca, pem("CERTIFICATE"));
  assert.equal(access.tokenFile, join(directory, "token"));
  assert.equal(access.token, undefined);
  assert.equal(access.namespace, "default");
});

const refused: [what: string, text: string, message: RegExp][] = [
  ["text that is no YAML", "a: [", /^kubeconfig test: does not parse: /],
  ["a list", "- a", /the file must be a mapping/],
  ["no current context", "{}", /current-context is not set/],
  ["a context that is not there", `{"current-context": "x", "contexts": []}`, /no context named "x" under contexts/],
  ["a cluster that is not there", config({}, {}, { cluster: "z" }), /no cluster named "z" under clusters/],
  ["a user that is not there", config({}, {}, { user: "z" }), /no user named "z" under users/],
  ["no server", config({ server: "" }), /cluster "k": server is not set/],
  ["a server of another scheme", config({ server: "ftp://a" }), /server "ftp:\/\/a" is not an https:\/\/ address/],
  ["a number as token", config({}, { token: 5 }), /user "u": token must be a string/],
  [
    "a certificate without its key",
    config({}, { "client-certificate-data": base64(pem("CERTIFICATE")) }),
    /belong together/,
  ],
  ["certificate data that is none", config({ "certificate-authority-data": "AAAA" }), /not base64 of a PEM file/],
  [
    "a certificate file that is not there",
    config({ "certificate-authority": "none" }),
    /certificate-authority cannot be read: ENOENT/,
  ],
  ["a credential plugin", config({}, { exec: { command: "x" } }), /exec credentials are not supported/],
  ["an HTTP proxy", config({ "proxy-url": "http://p" }), /proxy-url is not supported/],
  [
    "an authority beside skipped verification",
    config({ "insecure-skip-tls-verify": true, "certificate-authority-data": base64(pem("CERTIFICATE")) }),
    /exclude each other/,
  ],
  ["a token over plain http", config({ server: "http://10.0.0.1:8080" }, { token: "t" }), /would go over plain http/],
];
for (const [what, text, message] of refused)
  test(`${what} is refused`, async () => {
    await assert.rejects(parse(text), (error) => error instanceof KubeconfigError && message.test(error.message));
  });

test("skipping verification takes the kubeconfig's own word", async () => {
  assert.equal((await parse(config())).insecure, false);
  assert.equal((await parse(config({ "insecure-skip-tls-verify": true }))).insecure, true);
});

test("a file that is not there is named", async () => {
  await assert.rejects(loadKubeconfig(join(directory, "missing")), /kubeconfig .*missing: cannot be read: ENOENT/);
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { Authority, type Credential } from "../cluster/pki/authority.ts";
import { isConflict, isNotFound, StatusError } from "./errors.ts";
import { createClient } from "./http-client.ts";
import { createHttpsTransport } from "./https-transport.ts";
import type { ClusterAccess } from "./kubeconfig.ts";
import { pods, services } from "./resource.ts";
import type { KubernetesObject, Service } from "./types.ts";

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

let server: Server;
let access: ClusterAccess;
let user: Credential;
let directory: string;
let handle: Handler;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "client-"));
  const authority = await Authority.load(directory);
  const own = authority.issue({
    subject: { commonName: "apiserver" },
    addresses: ["127.0.0.1"],
    server: true,
  });
  user = authority.issue({
    subject: { commonName: "system:node:a", organizations: ["system:nodes"] },
    client: true,
  });
  server = createServer(
    { cert: own.certificate, key: own.key, ca: authority.certificate, requestCert: true, rejectUnauthorized: false },
    async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      handle(request, response, Buffer.concat(chunks).toString());
    },
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  access = {
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: authority.certificate,
    insecure: false,
    namespace: "default",
  };
});
after(() => {
  server.closeAllConnections();
  server.close();
  return rm(directory, { recursive: true });
});

function connect(extra: Partial<ClusterAccess> = {}, timeout?: number) {
  return createClient(createHttpsTransport({ ...access, ...extra }), { userAgent: "fairway-test", timeout });
}
function reply(response: ServerResponse, code: number, body: unknown, headers: Record<string, string> = {}) {
  response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}
const failure = (code: number, reason: string, message: string) => ({
  apiVersion: "v1",
  kind: "Status",
  metadata: {},
  status: "Failure",
  code,
  reason,
  message,
});

test("requests are what Kubernetes' API expects", async () => {
  const seen: string[] = [];
  handle = (request, response, body) => {
    seen.push(`${request.method} ${request.url} ${request.headers["content-type"] ?? "-"} ${body}`);
    reply(response, 200, { metadata: {}, items: [] });
  };
  const client = connect();
  const object = { metadata: { name: "a/b", namespace: "n" } };
  await client.get(services, "web", "shop");
  await client.list(pods, { labelSelector: "app in (a,b)", limit: 5 });
  await client.create(services, object);
  await client.create(pods, { metadata: { name: "p" } }, { namespace: "n", name: "p", subresource: "binding" });
  await client.update(services, object, { subresource: "status", dryRun: true });
  await client.patch(services, "web", { a: 1 }, { namespace: "n", type: "merge" });
  await client.delete(services, "web", { namespace: "n", gracePeriodSeconds: 0 });
  await client.close();
  const named = '"metadata":{"name":"a/b","namespace":"n"}';
  assert.deepEqual(seen, [
    "GET /api/v1/namespaces/shop/services/web - ",
    "GET /api/v1/pods?labelSelector=app+in+%28a%2Cb%29&limit=5 - ",
    `POST /api/v1/namespaces/n/services application/json {"apiVersion":"v1","kind":"Service",${named}}`,
    'POST /api/v1/namespaces/n/pods/p/binding application/json {"metadata":{"name":"p"}}',
    `PUT /api/v1/namespaces/n/services/a%2Fb/status?dryRun=All application/json {"apiVersion":"v1","kind":"Service",${named}}`,
    'PATCH /api/v1/namespaces/n/services/web application/merge-patch+json {"a":1}',
    'DELETE /api/v1/namespaces/n/services/web application/json {"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0}',
  ]);
});

test("identities: client certificate, token, token file, password", async () => {
  await writeFile(join(directory, "token"), "from-file\n");
  handle = (request, response) => {
    const certificate = (request.socket as TLSSocket).getPeerCertificate();
    reply(response, 200, { status: [certificate.subject?.CN ?? null, request.headers.authorization ?? null] });
  };
  const table: [Partial<ClusterAccess>, unknown[]][] = [
    [{}, [null, null]],
    [{ clientCertificate: user.certificate, clientKey: user.key }, ["system:node:a", null]],
    [{ token: "secret" }, [null, "Bearer secret"]],
    [{ tokenFile: join(directory, "token") }, [null, "Bearer from-file"]],
    [{ username: "u", password: "p" }, [null, "Basic dTpw"]],
  ];
  for (const [credentials, expected] of table) {
    const client = connect(credentials);
    assert.deepEqual((await client.get<KubernetesObject & { status: unknown }>(services, "x", "n")).status, expected);
    await client.close();
  }
});

test("a server that the authority did not sign is refused, unless verification is skipped", async () => {
  handle = (_, response) => reply(response, 200, { metadata: { name: "x" } });
  await assert.rejects(connect({ ca: undefined }).get(services, "x", "n"), /self-signed|unable to (verify|get)/);
  await assert.rejects(connect({ serverName: "other.example" }).get(services, "x", "n"), /altnames/);
  const client = connect({ ca: undefined, insecure: true });
  assert.equal((await client.get(services, "x", "n")).metadata?.name, "x");
  await client.close();
});

test("a Status becomes a StatusError, anything else tells what was answered", async () => {
  const client = connect();
  handle = (_, response) => reply(response, 404, failure(404, "NotFound", 'services "x" not found'));
  await assert.rejects(
    client.get(services, "x", "n"),
    (error) => isNotFound(error) && /"x" not found/.test(String(error)),
  );
  handle = (_, response) => reply(response, 409, failure(409, "Conflict", "changed"));
  await assert.rejects(client.update(services, { metadata: { name: "x", namespace: "n" } }), isConflict);
  handle = (_, response) => response.writeHead(502).end("<html>bad gateway");
  await assert.rejects(
    client.get(services, "x", "n"),
    (error) =>
      error instanceof StatusError && error.code === 502 && /answered with 502: <html>bad gateway/.test(error.message),
  );
  await client.close();
});

test("reads are sent again after 429 with Retry-After, writes are not", async () => {
  let requests = 0;
  handle = (_, response) => {
    requests += 1;
    if (requests < 3) reply(response, 429, failure(429, "TooManyRequests", "later"), { "retry-after": "0" });
    else reply(response, 200, { metadata: { name: "x" } });
  };
  const client = connect();
  await client.get(services, "x", "n");
  assert.equal(requests, 3);
  requests = 0;
  await assert.rejects(client.delete(services, "x", { namespace: "n" }), /later/);
  assert.equal(requests, 1);
  await client.close();
});

test("a read on a connection that the server has just closed is sent again", async () => {
  let requests = 0;
  handle = (request, response) => {
    requests += 1;
    // The second request arrives on the kept connection and finds it closed.
    if (requests === 2) request.socket.destroy();
    else reply(response, 200, { metadata: { name: "x" } });
  };
  const client = connect();
  await client.get(services, "x", "n");
  await client.get(services, "x", "n");
  assert.equal(requests, 3);
  await client.close();
});

test("a server that never answers is given up, also by a watch", async () => {
  handle = () => {};
  const client = connect({}, 50);
  await assert.rejects(client.get(services, "x", "n"), /no answer from the API within 50 ms: GET .*services\/x/);
  const watch = client.watch(services, { signal: new AbortController().signal });
  await assert.rejects(watch[Symbol.asyncIterator]().next(), /did not begin to answer a watch within 50 ms/);
  await client.close();
});

test("a watch yields events, throws ERROR events as StatusError and closes its connection when it is left", async () => {
  let closed: Promise<unknown> | undefined;
  handle = (request, response) => {
    assert.match(request.url!, /watch=true&allowWatchBookmarks=true&resourceVersion=7/);
    closed = once(response, "close");
    response.writeHead(200);
    response.write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n{"type":"BOOK');
    response.write('MARK","object":{"metadata":{"resourceVersion":"9"}}}\n');
  };
  const client = connect();
  const signal = new AbortController().signal;
  const types: string[] = [];
  for await (const event of client.watch<Service>(services, { resourceVersion: "7", signal })) {
    types.push(event.type);
    if (types.length === 2) break;
  }
  assert.deepEqual(types, ["ADDED", "BOOKMARK"]);
  await closed;
  handle = (_, response) =>
    response.writeHead(200).end(`${JSON.stringify({ type: "ERROR", object: failure(410, "Expired", "too old") })}\n`);
  const expired = client.watch(services, { resourceVersion: "1", signal });
  await assert.rejects(
    expired[Symbol.asyncIterator]().next(),
    (error) => error instanceof StatusError && error.code === 410,
  );
  await client.close();
});

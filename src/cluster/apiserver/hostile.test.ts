import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import fc from "fast-check";
import { type Call, startTestServer, type TestServer } from "./fixture.ts";

/** Whatever comes in, the server answers with something lawful and goes on serving. */
let server: TestServer;
before(async () => {
  server = await startTestServer();
  await server.admin.post("/api/v1/namespaces/default/configmaps", { metadata: { name: "target" }, data: { a: "b" } });
});
after(() => server[Symbol.asyncDispose]());

const segment = fc.oneof(
  fc.constantFrom(
    "api",
    "apis",
    "v1",
    "apps",
    "namespaces",
    "default",
    "pods",
    "configmaps",
    "services",
    "deployments",
  ),
  fc.constantFrom(
    "target",
    "status",
    "scale",
    "binding",
    "token",
    "log",
    "exec",
    "finalize",
    "..",
    "%2e%2e",
    "%00",
    "%",
  ),
  fc.constantFrom("__proto__", "constructor", "openapi", "v3", "authorization.k8s.io", "selfsubjectaccessreviews", ""),
  fc.string({ maxLength: 8 }).map(encodeURIComponent),
);
const realPath = fc.constantFrom(
  "/api/v1/namespaces/default/configmaps",
  "/api/v1/namespaces/default/configmaps/target",
  "/api/v1/namespaces/default/pods",
  "/api/v1/namespaces/default/pods/x/binding",
  "/api/v1/namespaces/default/services",
  "/api/v1/namespaces",
  "/api/v1/nodes",
  "/apis/apps/v1/namespaces/default/deployments",
  "/apis/apps/v1/namespaces/default/deployments/x/scale",
  "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
  "/api/v1/namespaces/default/serviceaccounts/default/token",
);
const path = fc.oneof(
  realPath,
  fc.array(segment, { maxLength: 7 }).map((parts) => `/${parts.join("/")}`),
);
const query = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        "labelSelector",
        "fieldSelector",
        "limit",
        "continue",
        "resourceVersion",
        "resourceVersionMatch",
        "dryRun",
        "fieldValidation",
        "pretty",
        "propagationPolicy",
        "gracePeriodSeconds",
        "includeObject",
      ),
      fc.oneof(
        fc.constantFrom("1", "0", "-1", "true", "All", "Strict", "a=b", "a in (b", "metadata.name=x", "1e999"),
        fc.string({ maxLength: 12 }),
      ),
    ),
    { maxLength: 3 },
  )
  .map((pairs) => (pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`));

const key = fc.constantFrom(
  "apiVersion",
  "kind",
  "metadata",
  "name",
  "namespace",
  "labels",
  "spec",
  "data",
  "ports",
  "template",
  "containers",
  "$patch",
  "__proto__",
  "op",
  "path",
  "value",
  "target",
  "rules",
);
const leaf = fc.oneof(
  fc.constantFrom("v1", "ConfigMap", "default", "x", "replace", "/metadata/name", ""),
  fc.jsonValue({ maxDepth: 2 }),
  fc.integer(),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("tree"), { maxLength: 3 }),
    fc
      .array(fc.tuple(key, tie("tree")), { maxLength: 4 })
      .map((entries) => entries.map(([name, value]) => [name, value] as const)),
  ),
}));
/** Arrays of pairs become objects as text, so that "__proto__" and doubled keys stay what they are. */
function toJson(value: unknown): string {
  if (!Array.isArray(value)) return JSON.stringify(value) ?? "null";
  const isObject =
    value.length > 0 && value.every((one) => Array.isArray(one) && one.length === 2 && typeof one[0] === "string");
  if (!isObject) return `[${value.map(toJson).join(",")}]`;
  return `{${value.map(([name, inner]) => `${JSON.stringify(name)}:${toJson(inner)}`).join(",")}}`;
}
const body = fc.oneof(
  { arbitrary: tree.map(toJson), weight: 6 },
  { arbitrary: fc.string({ maxLength: 30 }), weight: 1 },
  { arbitrary: fc.integer({ min: 1, max: 20_000 }).map((depth) => "[".repeat(depth)), weight: 1 },
  {
    arbitrary: fc.integer({ min: 1, max: 5_000 }).map((depth) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`),
    weight: 1,
  },
);
const contentType = fc.constantFrom(
  "application/json",
  "application/yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/vnd.kubernetes.protobuf",
  "text/plain",
  ";;;",
);
const accept = fc.constantFrom(
  "application/json",
  "*/*",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/vnd.kubernetes.protobuf",
  ";,;=",
);
const call: fc.Arbitrary<Call> = fc
  .record({
    method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
    path,
    query,
    body,
    contentType,
    accept,
  })
  .map(({ method, path, query, body, contentType, accept }) => ({
    method,
    path: `${path}${query}`,
    body: method === "GET" || method === "HEAD" ? undefined : body,
    headers: { accept, "content-type": contentType },
  }));

describe("the server never falls over", () => {
  test("on random requests: each gets an answer that is no internal error", async () => {
    await fc.assert(
      fc.asyncProperty(call, async (request) => {
        const { status, json, text } = await server.admin.call(request);
        assert.ok(status >= 200 && status < 600 && status !== 500, `${JSON.stringify(request)}: ${status} ${text}`);
        if (status >= 400 && request.method !== "HEAD") assert.equal(json?.kind, "Status", text);
      }),
      { numRuns: 1500 },
    );
    assert.equal((await server.admin.get("/api/v1/namespaces/default/configmaps")).status, 200);
  });

  test("on bytes that are no HTTP", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const socket = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
        socket.on("error", () => {});
        await once(socket, "secureConnect");
        socket.end(bytes);
        socket.resume();
        await once(socket, "close");
      }),
      { numRuns: 50 },
    );
    assert.equal((await server.admin.get("/readyz")).status, 200);
  });

  test("on headers without end, and on clients that leave in the middle", async () => {
    const long = await server.admin.get("/version", { "x-long": "x".repeat(40_000) });
    assert.equal(long.status, 431);
    const watching = server.admin.watch("/api/v1/pods?watch=1", 1);
    const leaving = Array.from({ length: 20 }, async () => {
      const socket = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
      socket.on("error", () => {});
      await once(socket, "secureConnect");
      socket.write("POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{");
      socket.destroy();
    });
    await Promise.all(leaving);
    const pod = { metadata: { name: "seen" }, spec: { containers: [{ name: "c", image: "hello" }] } };
    assert.equal((await server.admin.post("/api/v1/namespaces/default/pods", pod)).status, 201);
    assert.equal((await watching)[0]?.object.metadata.name, "seen");
  });

  for (const [name, header] of [
    ["of a known length", `Content-Length: ${40 << 20}`],
    ["in chunks", "Transfer-Encoding: chunked"],
  ]) {
    test(`on a body far over the limit, ${name}: its sender hears so, and keeps its connection while it sends`, async () => {
      const { certificate, key, ca } = server.issue("sender", "system:masters");
      const socket = connect({ port: server.port, host: "127.0.0.1", cert: certificate, key, ca, servername: "" });
      await once(socket, "secureConnect");
      let heard = "";
      socket.on("data", (chunk: Buffer) => {
        heard += chunk.toString();
      });
      socket.write(`POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n`);
      const part = "x".repeat(1 << 20);
      for (let sent = 0; sent < 40; sent += 1) {
        const bytes = header?.startsWith("Transfer") ? `100000\r\n${part}\r\n` : part;
        // Rejects when the server resets the connection.
        if (!socket.write(bytes)) await once(socket, "drain");
      }
      if (header?.startsWith("Transfer")) socket.write("0\r\n\r\n");
      await once(socket, "close");
      assert.match(heard, /^HTTP\/1\.1 413 /);
      assert.match(heard, /"reason":"RequestEntityTooLarge"/);
    });
  }

  test("on bodies that do not come: others are served meanwhile", async () => {
    const { certificate, key, ca } = server.issue("sender", "system:masters");
    const options = { port: server.port, host: "127.0.0.1", cert: certificate, key, ca, servername: "" };
    const slow = await Promise.all(
      Array.from({ length: 450 }, async () => {
        const socket = connect(options);
        await once(socket, "secureConnect");
        socket.write("POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
        return socket;
      }),
    );
    try {
      assert.equal((await server.admin.get("/api/v1/namespaces")).status, 200);
      const reply = await server.admin.post("/api/v1/namespaces/default/configmaps", {
        metadata: { name: "meanwhile" },
      });
      assert.equal(reply.status, 201);
    } finally {
      for (const socket of slow) socket.destroy();
    }
  });
});

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer, type TestServer } from "./fixture.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

const configMaps = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string, more: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data: { a: "1" },
  ...more,
});

describe("bad input gets Kubernetes' answer", () => {
  const cases: [name: string, call: Parameters<TestServer["admin"]["call"]>[0], status: number, message: RegExp][] = [
    [
      "a taken name",
      { method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: "default" } } },
      409,
      /^namespaces "default" already exists$/,
    ],
    ["a missing object", { path: `${configMaps}/nope` }, 404, /^configmaps "nope" not found$/],
    [
      "a missing object of a group",
      { path: "/apis/apps/v1/namespaces/default/deployments/nope" },
      404,
      /^deployments\.apps "nope" not found$/,
    ],
    ["an unknown path", { path: "/apis/nope/v1/things" }, 404, /^the server could not find the requested resource$/],
    [
      "a missing namespace",
      { method: "POST", path: "/api/v1/namespaces/nope/configmaps", body: configMap("x") },
      404,
      /^namespaces "nope" not found$/,
    ],
    [
      "a bad name",
      { method: "POST", path: configMaps, body: configMap("Bad_Name") },
      422,
      /^ConfigMap "Bad_Name" is invalid: metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/,
    ],
    [
      "no name",
      { method: "POST", path: configMaps, body: { metadata: {} } },
      422,
      /metadata\.name: Required value: name or generateName is required/,
    ],
    [
      "another namespace",
      { method: "POST", path: configMaps, body: configMap("x", { metadata: { name: "x", namespace: "other" } }) },
      400,
      /^the namespace of the provided object does not match the namespace sent on the request$/,
    ],
    ["another name", { method: "PUT", path: `${configMaps}/kube-root`, body: configMap("y") }, 404, /not found/],
    [
      "another apiVersion",
      { method: "POST", path: configMaps, body: configMap("x", { apiVersion: "v2" }) },
      400,
      /^the API version in the data \(v2\) does not match the expected API version \(v1\)$/,
    ],
    [
      "an unknown field under strict validation",
      { method: "POST", path: `${configMaps}?fieldValidation=Strict`, body: configMap("x", { foo: 1 }) },
      400,
      /strict decoding error: unknown field "foo"$/,
    ],
    [
      "a duplicate field under strict validation",
      {
        method: "POST",
        path: `${configMaps}?fieldValidation=Strict`,
        body: '{"metadata":{"name":"x","name":"y"}}',
        headers: { "content-type": "application/json" },
      },
      400,
      /strict decoding error: duplicate field "metadata\.name"$/,
    ],
    [
      "broken JSON",
      { method: "POST", path: configMaps, body: "{", headers: { "content-type": "application/json" } },
      400,
      /^the request body is not JSON: /,
    ],
    [
      "broken YAML",
      { method: "POST", path: configMaps, body: "a: b\nc: [d\n", headers: { "content-type": "application/yaml" } },
      400,
      /^the request body is not YAML: .* at line \d+, column \d+/,
    ],
    [
      "protobuf",
      {
        method: "POST",
        path: configMaps,
        body: "k8s",
        headers: { "content-type": "application/vnd.kubernetes.protobuf" },
      },
      415,
      /reads JSON and YAML, not the protobuf .* --dry-run=client -o yaml \| kubectl apply -f -$/,
    ],
    [
      "server-side apply",
      {
        method: "PATCH",
        path: `${configMaps}/x`,
        body: "{}",
        headers: { "content-type": "application/apply-patch+yaml" },
      },
      415,
      /server-side apply is not supported yet: use kubectl apply without --server-side/,
    ],
    [
      "another media type",
      { method: "POST", path: configMaps, body: "x", headers: { "content-type": "text/html" } },
      415,
      /accepted media types include: application\/json/,
    ],
    [
      "a large body",
      { method: "POST", path: configMaps, body: configMap("x", { data: { a: "x".repeat(3 << 20) } }) },
      413,
      /larger than 3145728 bytes/,
    ],
    [
      "an Accept that cannot be met",
      { path: configMaps, headers: { accept: "text/html" } },
      406,
      /only the following media types are accepted/,
    ],
    [
      "a bad label selector",
      { path: `${configMaps}?labelSelector=${encodeURIComponent("a in b")}` },
      400,
      /unable to parse requirement/,
    ],
    [
      "an unknown field selector",
      { path: `${configMaps}?fieldSelector=spec.x=y` },
      400,
      /field label not supported: spec\.x$/,
    ],
    [
      "a resourceVersion from the future",
      { path: `${configMaps}?resourceVersion=999999999` },
      504,
      /^Too large resource version: 999999999, current: \d+$/,
    ],
    ["a resourceVersion that is none", { path: `${configMaps}?resourceVersion=abc` }, 400, /Invalid value: "abc"/],
    ["a continue token that is none", { path: `${configMaps}?limit=1&continue=abc` }, 400, /continue key is not valid/],
    [
      "a verb that is not served",
      { method: "POST", path: `${configMaps}/x`, body: {} },
      405,
      /create is not supported on resources of kind "configmaps"/,
    ],
    [
      "a protected namespace",
      { method: "DELETE", path: "/api/v1/namespaces/default" },
      403,
      /^namespaces "default" is forbidden: this namespace may not be deleted$/,
    ],
  ];
  for (const [name, call, status, message] of cases) {
    test(name, async () => {
      const { json, ...reply } = await server.admin.call(call);
      assert.equal(reply.status, status, reply.text);
      assert.deepEqual([json.kind, json.apiVersion, json.status, json.code], ["Status", "v1", "Failure", status]);
      assert.match(json.message, message);
    });
  }

  test("warnings where fields are only dropped", async () => {
    const { status, headers } = await server.admin.post(configMaps, configMap("warned", { foo: 1 }));
    assert.equal(status, 201);
    assert.match(String(headers.warning), /^299 - "unknown field \\"foo\\""$/);
  });
});

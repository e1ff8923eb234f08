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

describe("objects", () => {
  test("are created with what the server owns, and read back", async () => {
    const created = await server.admin.post(configMaps, configMap("one"));
    assert.equal(created.status, 201);
    const { metadata } = created.json;
    assert.match(metadata.uid, /^[0-9a-f-]{36}$/);
    assert.match(metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.match(metadata.resourceVersion, /^\d+$/);
    assert.deepEqual((await server.admin.get(`${configMaps}/one`)).json, created.json);
  });

  test("get a name of their own from generateName", async () => {
    const body = configMap("", { metadata: { generateName: "gen-" } });
    const names = await Promise.all(
      [1, 2, 3].map(async () => (await server.admin.post(configMaps, body)).json.metadata.name),
    );
    assert.equal(new Set(names).size, 3);
    for (const name of names) assert.match(name, /^gen-[a-z0-9]{5}$/);
  });

  test("keep their version when nothing changes, and send no event", async () => {
    const { json } = await server.admin.post(configMaps, configMap("same"));
    const again = await server.admin.put(`${configMaps}/same`, json);
    assert.equal(again.json.metadata.resourceVersion, json.metadata.resourceVersion);
  });

  test("are guarded by their version", async () => {
    const { json } = await server.admin.post(configMaps, configMap("guarded"));
    const first = await server.admin.put(`${configMaps}/guarded`, { ...json, data: { a: "2" } });
    assert.equal(first.status, 200);
    const stale = await server.admin.put(`${configMaps}/guarded`, { ...json, data: { a: "3" } });
    assert.equal(stale.status, 409);
    assert.equal(stale.json.reason, "Conflict");
    assert.match(
      stale.json.message,
      /^Operation cannot be fulfilled on configmaps "guarded": the object has been modified/,
    );
  });

  test("count their generations by their spec only", async () => {
    const path = "/apis/apps/v1/namespaces/default/deployments";
    const template = { metadata: { labels: { app: "g" } }, spec: { containers: [{ name: "c", image: "hello" }] } };
    const body = { metadata: { name: "g" }, spec: { selector: { matchLabels: { app: "g" } }, template } };
    assert.equal((await server.admin.post(path, body)).json.metadata.generation, 1);
    const labelled = await server.admin.patch(`${path}/g`, "merge", { metadata: { labels: { x: "y" } } });
    assert.equal(labelled.json.metadata.generation, 1);
    const scaled = await server.admin.patch(`${path}/g/scale`, "merge", { spec: { replicas: 3 } });
    assert.equal(scaled.json.kind, "Scale");
    const after = await server.admin.get(`${path}/g`);
    assert.deepEqual([after.json.metadata.generation, after.json.spec.replicas], [2, 3]);
    const status = await server.admin.patch(`${path}/g/status`, "merge", {
      status: { replicas: 3 },
      spec: { replicas: 9 },
    });
    assert.deepEqual([status.json.status.replicas, status.json.spec.replicas], [3, 3]);
    assert.equal(status.json.metadata.generation, 2);
  });

  test("are not changed by a dry run", async () => {
    const dry = await server.admin.post(`${configMaps}?dryRun=All`, configMap("dry"));
    assert.equal(dry.status, 201);
    assert.equal((await server.admin.get(`${configMaps}/dry`)).status, 404);
    await server.admin.post(configMaps, configMap("wet"));
    const patched = await server.admin.call({
      method: "PATCH",
      path: `${configMaps}/wet?dryRun=All`,
      headers: { "content-type": "application/merge-patch+json" },
      body: { data: { a: "2" } },
    });
    assert.equal(patched.json.data.a, "2");
    assert.equal((await server.admin.get(`${configMaps}/wet`)).json.data.a, "1");
    await server.admin.call({ method: "DELETE", path: `${configMaps}/wet?dryRun=All` });
    assert.equal((await server.admin.get(`${configMaps}/wet`)).status, 200);
  });

  test("never lose a patch to another", async () => {
    await server.admin.post(configMaps, configMap("busy", { data: {} }));
    const keys = Array.from({ length: 50 }, (_, index) => `k${index}`);
    await Promise.all(keys.map((key) => server.admin.patch(`${configMaps}/busy`, "merge", { data: { [key]: "x" } })));
    const { json } = await server.admin.get(`${configMaps}/busy`);
    assert.deepEqual(Object.keys(json.data).sort(), keys.sort());
  });
});

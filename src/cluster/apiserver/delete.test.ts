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
const pod = (name: string, more: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: name } },
  spec: { containers: [{ name: "main", image: "hello" }], ...more },
});

describe("deletion", () => {
  test("answers with what was deleted", async () => {
    const { json } = await server.admin.post(configMaps, configMap("gone"));
    const reply = await server.admin.delete(`${configMaps}/gone`);
    assert.deepEqual([reply.json.status, reply.json.details.uid], ["Success", json.metadata.uid]);
    assert.equal((await server.admin.get(`${configMaps}/gone`)).status, 404);
  });

  test("heeds preconditions", async () => {
    await server.admin.post(configMaps, configMap("careful"));
    const reply = await server.admin.delete(`${configMaps}/careful`, { preconditions: { uid: "other" } });
    assert.equal(reply.status, 409);
    assert.match(reply.json.message, /Precondition failed: UID in precondition: other/);
  });

  test("waits for finalizers", async () => {
    await server.admin.post(
      configMaps,
      configMap("held", { metadata: { name: "held", finalizers: ["example.com/x"] } }),
    );
    const marked = await server.admin.delete(`${configMaps}/held`);
    assert.equal(typeof marked.json.metadata.deletionTimestamp, "string");
    const refused = await server.admin.patch(`${configMaps}/held`, "merge", {
      metadata: { finalizers: ["example.com/x", "example.com/y"] },
    });
    assert.equal(refused.status, 422);
    assert.match(refused.json.message, /no new finalizers can be added if the object is being deleted/);
    assert.equal(
      (await server.admin.patch(`${configMaps}/held`, "merge", { metadata: { finalizers: null } })).status,
      200,
    );
    assert.equal((await server.admin.get(`${configMaps}/held`)).status, 404);
  });

  test("marks the object for the garbage collector", async () => {
    for (const [policy, finalizer] of [
      ["Foreground", "foregroundDeletion"],
      ["Orphan", "orphan"],
    ]) {
      const name = String(policy).toLowerCase();
      await server.admin.post(configMaps, configMap(name));
      const { json } = await server.admin.delete(`${configMaps}/${name}`, { propagationPolicy: policy });
      assert.deepEqual(json.metadata.finalizers, [finalizer]);
    }
  });

  test("of a bound Pod waits for its node's agent; of an unbound one does not", async () => {
    const pods = "/api/v1/namespaces/default/pods";
    await server.admin.post(pods, pod("unbound"));
    assert.equal((await server.admin.delete(`${pods}/unbound`)).json.kind, "Status");
    await server.admin.post(pods, pod("bound", { nodeName: "n1", terminationGracePeriodSeconds: 7 }));
    const { json } = await server.admin.delete(`${pods}/bound`);
    assert.equal(json.metadata.deletionGracePeriodSeconds, 7);
    const shorter = await server.admin.delete(`${pods}/bound`, { gracePeriodSeconds: 3 });
    assert.equal(shorter.json.metadata.deletionGracePeriodSeconds, 3);
    const longer = await server.admin.delete(`${pods}/bound`, { gracePeriodSeconds: 60 });
    assert.equal(longer.json.metadata.deletionGracePeriodSeconds, 3);
    assert.equal((await server.admin.delete(`${pods}/bound`, { gracePeriodSeconds: 0 })).json.kind, "Status");
    assert.equal((await server.admin.get(`${pods}/bound`)).status, 404);
  });

  test("of a namespace ends when it is finalized, and lets nothing new in", async () => {
    await server.admin.post("/api/v1/namespaces", { metadata: { name: "ending" } });
    const { json } = await server.admin.delete("/api/v1/namespaces/ending");
    assert.equal(json.status.phase, "Terminating");
    const late = await server.admin.post("/api/v1/namespaces/ending/configmaps", configMap("late"));
    assert.equal(late.status, 403);
    assert.match(late.json.message, /unable to create new content in namespace ending because it is being terminated/);
    assert.equal(late.json.details.causes[0].reason, "NamespaceTerminating");
    await server.admin.put("/api/v1/namespaces/ending/finalize", { ...json, spec: { finalizers: [] } });
    assert.equal((await server.admin.get("/api/v1/namespaces/ending")).status, 404);
  });

  test("of a collection takes what is selected", async () => {
    for (const name of ["x1", "x2", "y1"]) {
      await server.admin.post(configMaps, configMap(name, { metadata: { name, labels: { batch: name[0]! } } }));
    }
    await server.admin.delete(`${configMaps}?labelSelector=batch=x`);
    const { json } = await server.admin.get(`${configMaps}?labelSelector=batch`);
    assert.deepEqual(
      json.items.map((item: { metadata: { name: string } }) => item.metadata.name),
      ["y1"],
    );
  });
});

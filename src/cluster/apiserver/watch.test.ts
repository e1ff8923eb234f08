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

describe("watches", () => {
  const path = "/api/v1/namespaces/watched/configmaps";
  before(() => server.admin.post("/api/v1/namespaces", { metadata: { name: "watched" } }));

  test("begin with the state when no version is asked for", async () => {
    await server.admin.post(path, configMap("first"));
    const [event] = await server.admin.watch(`${path}?watch=1&fieldSelector=metadata.name%3Dfirst`, 1);
    assert.deepEqual([event?.type, event?.object.metadata.name], ["ADDED", "first"]);
  });

  test("give every change after a version, those of before the watch and those of after", async () => {
    const { json } = await server.admin.get(path);
    const from = json.metadata.resourceVersion;
    await server.admin.post(path, configMap("w1"));
    const watching = server.admin.watch(`${path}?watch=1&resourceVersion=${from}`, 3);
    const { json: changed } = await server.admin.patch(`${path}/w1`, "merge", { data: { a: "2" } });
    await server.admin.delete(`${path}/w1`);
    const events = await watching;
    assert.deepEqual(
      events.map(({ type }) => type),
      ["ADDED", "MODIFIED", "DELETED"],
    );
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
    assert.equal(versions[1], Number(changed.metadata.resourceVersion));
    assert.ok(versions[1]! < versions[2]!);
    const resumed = await server.admin.watch(`${path}?watch=1&resourceVersion=${versions[1]}`, 1);
    assert.deepEqual(resumed, events.slice(2));
  });

  test("tell where an initial state ends", async () => {
    const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    await server.admin.post(path, configMap("state"));
    const { json } = await server.admin.get(path);
    const events = await server.admin.watch(`${path}?${query}`, json.items.length + 1);
    const last = events.at(-1)!;
    assert.equal(last.type, "BOOKMARK");
    assert.equal(last.object.metadata.annotations["k8s.io/initial-events-end"], "true");
    assert.equal(
      events.slice(0, -1).every(({ type }) => type === "ADDED"),
      true,
    );
  });

  test("see through selectors: an object that stops to match is gone", async () => {
    await server.admin.post(path, configMap("sel", { metadata: { name: "sel", labels: { see: "yes" } } }));
    const { json } = await server.admin.get(path);
    const from = json.metadata.resourceVersion;
    await server.admin.patch(`${path}/sel`, "merge", { metadata: { labels: { see: "no" } } });
    await server.admin.patch(`${path}/sel`, "merge", { data: { hidden: "1" } });
    await server.admin.patch(`${path}/sel`, "merge", { metadata: { labels: { see: "yes" } } });
    const events = await server.admin.watch(`${path}?watch=1&labelSelector=see=yes&resourceVersion=${from}`, 2);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["DELETED", "ADDED"],
    );
  });

  test("send one row of a table an event, with the columns first", async () => {
    const { json } = await server.admin.get(path);
    const from = json.metadata.resourceVersion;
    await server.admin.post(path, configMap("t1"));
    await server.admin.post(path, configMap("t2"));
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const [first, second] = await server.admin.watch(`${path}?watch=1&resourceVersion=${from}`, 2, { accept });
    assert.equal(first?.object.columnDefinitions[0].name, "Name");
    assert.equal(second?.object.columnDefinitions, null);
    assert.deepEqual([first?.object.rows[0].cells[0], second?.object.rows[0].cells[0]], ["t1", "t2"]);
  });

  test("end with a bookmark after timeoutSeconds", async () => {
    const { text } = await server.admin.get(
      `${path}?watch=1&resourceVersion=${server.store.revision}&timeoutSeconds=1&allowWatchBookmarks=true`,
    );
    assert.equal(JSON.parse(text.trim().split("\n").at(-1)!).type, "BOOKMARK");
  });

  test("of compacted history get 410", async () => {
    await using small = await startTestServer({ store: { window: 16 } });
    const { json } = await small.admin.get(configMaps);
    for (let index = 0; index < 40; index++) await small.admin.post(configMaps, configMap(`c${index}`));
    const gone = await small.admin.get(`${configMaps}?watch=1&resourceVersion=${json.metadata.resourceVersion}`);
    assert.equal(gone.status, 410);
    assert.equal(gone.json.reason, "Expired");
    assert.match(gone.json.message, /^too old resource version: \d+ \(\d+\)$/);
  });
});

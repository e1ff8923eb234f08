import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer, type TestServer } from "./fixture.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

const configMap = (name: string, more: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data: { a: "1" },
  ...more,
});

describe("lists", () => {
  const path = "/api/v1/namespaces/pages/configmaps";
  before(async () => {
    await server.admin.post("/api/v1/namespaces", { metadata: { name: "pages" } });
    for (const name of ["a", "b", "c", "d", "e"]) {
      await server.admin.post(
        path,
        configMap(name, { metadata: { name, labels: { odd: String("ace".includes(name)) } } }),
      );
    }
  });
  const names = (list: { items: { metadata: { name: string } }[] }) =>
    list.items.map(({ metadata }) => metadata.name).join("");

  test("come in pages of one moment", async () => {
    const first = (await server.admin.get(`${path}?limit=2`)).json;
    assert.deepEqual([names(first), first.metadata.remainingItemCount], ["ab", 3]);
    await server.admin.post(path, configMap("bb"));
    await server.admin.delete(`${path}/d`);
    const second = (await server.admin.get(`${path}?limit=2&continue=${first.metadata.continue}`)).json;
    assert.deepEqual([names(second), second.metadata.remainingItemCount], ["cd", 1]);
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    const third = (await server.admin.get(`${path}?limit=2&continue=${second.metadata.continue}`)).json;
    assert.deepEqual([names(third), third.metadata.continue], ["e", undefined]);
    assert.equal(names((await server.admin.get(path)).json), "abbbce");
  });

  test("can be of a past moment", async () => {
    const { json } = await server.admin.get(path);
    await server.admin.post(path, configMap("later"));
    const { resourceVersion } = json.metadata;
    const exact = await server.admin.get(`${path}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`);
    assert.equal(names(exact.json), names(json));
  });

  test("are selected by labels and fields", async () => {
    assert.equal(names((await server.admin.get(`${path}?labelSelector=odd=true`)).json), "ace");
    assert.equal(names((await server.admin.get(`${path}?labelSelector=odd%20in%20(true),odd`)).json), "ace");
    assert.equal(names((await server.admin.get(`${path}?fieldSelector=metadata.name=b`)).json), "b");
    const page = (await server.admin.get(`${path}?labelSelector=odd=true&limit=2`)).json;
    assert.deepEqual([names(page), page.metadata.remainingItemCount], ["ac", undefined]);
  });

  test("come as tables and as metadata", async () => {
    const table = await server.admin.get(path, {
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    });
    assert.equal(table.json.kind, "Table");
    assert.equal(table.json.columnDefinitions[0].name, "Name");
    assert.equal(table.json.rows[0].cells[0], "a");
    assert.equal(table.json.rows[0].object.kind, "PartialObjectMetadata");
    const metadata = await server.admin.get(path, {
      accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    });
    assert.equal(metadata.json.kind, "PartialObjectMetadataList");
    assert.equal(metadata.json.items[0].data, undefined);
  });
});

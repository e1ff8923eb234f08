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
      /protobuf request bodies are not supported yet: send application\/json/,
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

describe("Services", () => {
  const path = "/api/v1/namespaces/default/services";
  const service = (name: string, spec: object) => ({ metadata: { name }, spec: { selector: { a: "b" }, ...spec } });

  test("get an address and node ports, and nobody gets them twice", async () => {
    const first = await server.admin.post(
      path,
      service("np1", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }),
    );
    assert.equal(first.status, 201, first.text);
    assert.match(first.json.spec.clusterIP, /^10\.(9[6-9]|1[01]\d)\./);
    const cases: [object, RegExp][] = [
      [
        { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] },
        /spec\.ports\[0\]\.nodePort: Invalid value: 30080: provided port is already allocated$/,
      ],
      [
        { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] },
        /spec\.ports\[0\]\.nodePort: Invalid value: 80: provided port is not in the valid range\. The range of valid ports is 30000-32767$/,
      ],
      [
        { clusterIP: first.json.spec.clusterIP, ports: [{ port: 80 }] },
        /failed to allocate IP .*: provided IP is already allocated$/,
      ],
      [{ clusterIP: "10.96.0.1", ports: [{ port: 80 }] }, /provided IP is already allocated$/],
      [
        { clusterIP: "192.168.1.1", ports: [{ port: 80 }] },
        /is not in the valid range\. The range of valid IPs is 10\.96\.0\.0\/12$/,
      ],
    ];
    for (const [spec, message] of cases) {
      const { status, json } = await server.admin.post(path, service("np2", spec));
      assert.equal(status, 422);
      assert.match(json.message, message);
    }
    await server.admin.delete(`${path}/np1`);
    const again = await server.admin.post(
      path,
      service("np2", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }),
    );
    assert.equal(again.status, 201);
    const narrowed = await server.admin.patch(`${path}/np2`, "merge", {
      spec: { type: "ClusterIP", ports: [{ port: 80 }] },
    });
    assert.equal(narrowed.status, 200, narrowed.text);
    const third = await server.admin.post(
      path,
      service("np3", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }),
    );
    assert.equal(third.status, 201, third.text);
  });

  test("hold nothing after a dry run or a refusal", async () => {
    const spec = { type: "NodePort", ports: [{ name: "a", port: 80, nodePort: 30090 }] };
    assert.equal((await server.admin.post(`${path}?dryRun=All`, service("trial", spec))).status, 201);
    const half = {
      type: "NodePort",
      ports: [
        { name: "a", port: 80, nodePort: 30090 },
        { name: "b", port: 81, nodePort: 1 },
      ],
    };
    assert.equal((await server.admin.post(path, service("half", half))).status, 422);
    assert.equal((await server.admin.post(path, service("full", spec))).status, 201);
  });
});

describe("identities", () => {
  test("anonymous requests get 401, also with a token that is none", async () => {
    for (const headers of [{}, { authorization: "Bearer nonsense" }, { authorization: "Basic YTpi" }] as Record<
      string,
      string
    >[]) {
      const { status, json } = await server.withHeaders(headers).get("/version");
      assert.deepEqual([status, json.reason], [401, "Unauthorized"]);
    }
  });

  test("rights are what the roles say", async () => {
    const alice = server.as("alice", "dev");
    const refused = await alice.get(configMaps);
    assert.equal(refused.status, 403);
    assert.equal(
      refused.json.message,
      'configmaps is forbidden: User "alice" cannot list resource "configmaps" in API group "" in the namespace "default"',
    );
    assert.equal((await alice.get("/version")).status, 200);
    assert.equal((await alice.get("/metrics")).json.message, 'forbidden: User "alice" cannot get path "/metrics"');
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" };
    const bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
    await server.admin.post(bindings, {
      metadata: { name: "dev" },
      roleRef,
      subjects: [{ kind: "Group", apiGroup: roleRef.apiGroup, name: "dev" }],
    });
    assert.equal((await alice.get(configMaps)).status, 200);
    assert.equal((await alice.get("/api/v1/namespaces/kube-system/configmaps")).status, 403);
    assert.equal((await alice.get("/api/v1/namespaces/default/secrets")).status, 403);
    await server.admin.delete(`${bindings}/dev`);
    assert.equal((await alice.get(configMaps)).status, 403);
  });

  test("nobody grants more than they have", async () => {
    const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" };
    await server.admin.post(`${rbac}/rolebindings`, {
      metadata: { name: "bob" },
      roleRef,
      subjects: [{ kind: "User", apiGroup: roleRef.apiGroup, name: "bob" }],
    });
    const bob = server.as("bob");
    const role = (verbs: string[], resources: string[]) => ({
      metadata: { generateName: "r-" },
      rules: [{ apiGroups: [""], resources, verbs }],
    });
    assert.equal((await bob.post(`${rbac}/roles`, role(["get"], ["pods"]))).status, 201);
    const refused = await bob.post(`${rbac}/roles`, role(["get"], ["nodes"]));
    assert.equal(refused.status, 403);
    assert.match(
      refused.json.message,
      /is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["nodes"\], Verbs:\["get"\]\}/,
    );
    const master = { ...roleRef, name: "cluster-admin" };
    const bound = await bob.post(`${rbac}/rolebindings`, { metadata: { name: "up" }, roleRef: master, subjects: [] });
    assert.equal(bound.status, 403);
  });

  test("ServiceAccount tokens speak for their account until it or its Pod is gone", async () => {
    const accounts = "/api/v1/namespaces/default/serviceaccounts";
    await server.admin.post(accounts, { metadata: { name: "app" } });
    const pods = "/api/v1/namespaces/default/pods";
    const made = await server.admin.post(pods, pod("app", { serviceAccountName: "app" }));
    const bound = { apiVersion: "v1", kind: "Pod", name: "app", uid: made.json.metadata.uid };
    const issued = await server.admin.post(`${accounts}/app/token`, { spec: { boundObjectRef: bound } });
    assert.equal(issued.status, 201, issued.text);
    const client = server.withHeaders({ authorization: `Bearer ${issued.json.status.token}` });
    const who = await client.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {});
    assert.equal(who.json.status.userInfo.username, "system:serviceaccount:default:app");
    assert.ok(who.json.status.userInfo.groups.includes("system:serviceaccounts:default"));
    assert.equal((await client.get(pods)).status, 403);
    await server.admin.delete(`${pods}/app`);
    assert.equal((await client.get("/version")).status, 401);
  });

  test("who may impersonate counts as somebody else, with the rights of that one", async () => {
    const who = (client: typeof server.admin, headers: Record<string, string>) =>
      client.call({ method: "POST", path: "/apis/authentication.k8s.io/v1/selfsubjectreviews", body: {}, headers });
    const as = await who(server.admin, { "impersonate-user": "dave", "impersonate-group": "dev" });
    assert.deepEqual(as.json.status.userInfo, { username: "dave", groups: ["dev", "system:authenticated"] });
    assert.equal((await server.admin.get(configMaps, { "impersonate-user": "dave" })).status, 403);
    const account = await who(server.admin, { "impersonate-user": "system:serviceaccount:default:default" });
    assert.ok(account.json.status.userInfo.groups.includes("system:serviceaccounts:default"));
    const refused = await who(server.as("eve"), {
      "impersonate-user": "kubernetes-admin",
      "impersonate-group": "system:masters",
    });
    assert.equal(refused.status, 403);
    assert.match(refused.json.message, /User "eve" cannot impersonate resource "users" in API group ""/);
    assert.equal((await who(server.admin, { "impersonate-group": "dev" })).status, 400);
  });

  test("questions about rights are answered", async () => {
    const carol = server.as("carol");
    const ask = (verb: string) => ({ spec: { resourceAttributes: { verb, resource: "pods", namespace: "default" } } });
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    assert.equal((await carol.post(path, ask("get"))).json.status.allowed, false);
    assert.equal((await server.admin.post(path, ask("get"))).json.status.allowed, true);
    const rules = await carol.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {
      spec: { namespace: "default" },
    });
    assert.ok(
      rules.json.status.resourceRules.some((rule: { resources: string[] }) =>
        rule.resources.includes("selfsubjectaccessreviews"),
      ),
    );
  });

  test("a node's agent sees its own Pods and what they refer to", async () => {
    const pods = "/api/v1/namespaces/default/pods";
    const secrets = "/api/v1/namespaces/default/secrets";
    for (const name of ["used", "unused"]) await server.admin.post(secrets, { metadata: { name } });
    const volumes = [{ name: "v", secret: { secretName: "used" } }];
    await server.admin.post(pods, pod("mine", { nodeName: "na", volumes }));
    await server.admin.post(pods, pod("theirs", { nodeName: "nb" }));
    const agent = server.as("system:node:na", "system:nodes");
    const expected: [string, string, number][] = [
      ["GET", `${pods}?fieldSelector=spec.nodeName%3Dna`, 200],
      ["GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dna", 200],
      ["GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dnb", 403],
      ["GET", "/api/v1/pods", 403],
      ["GET", `${pods}/mine`, 200],
      ["GET", `${pods}/theirs`, 403],
      ["DELETE", `${pods}/theirs`, 403],
      ["GET", `${secrets}/used`, 200],
      ["GET", `${secrets}?fieldSelector=metadata.name%3Dused`, 200],
      ["GET", `${secrets}/unused`, 403],
      ["GET", `${secrets}?fieldSelector=metadata.name%3Dunused`, 403],
      ["GET", secrets, 403],
      ["GET", "/api/v1/nodes", 200],
      ["GET", "/apis/discovery.k8s.io/v1/endpointslices", 200],
      ["GET", "/apis/apps/v1/deployments", 403],
    ];
    for (const [method, path, status] of expected) {
      assert.equal((await agent.call({ method, path })).status, status, `${method} ${path}`);
    }
    assert.equal((await agent.post("/api/v1/nodes", { metadata: { name: "nb" } })).status, 403);
    assert.equal((await agent.post("/api/v1/nodes", { metadata: { name: "na" } })).status, 201);
    assert.equal((await agent.patch("/api/v1/nodes/nb/status", "merge", {})).status, 403);
    assert.equal((await agent.patch("/api/v1/nodes/na/status", "merge", { status: {} })).status, 200);
    const taints = { spec: { taints: [{ key: "a", effect: "NoSchedule" }] } };
    assert.equal((await agent.patch("/api/v1/nodes/na", "merge", taints)).status, 403);
  });
});

describe("Pods", () => {
  test("are given an account, its token and tolerations", async () => {
    const { json } = await server.admin.post("/api/v1/namespaces/default/pods", pod("admitted"));
    assert.equal(json.spec.serviceAccountName, "default");
    const [volume] = json.spec.volumes;
    assert.match(volume.name, /^kube-api-access-[a-z0-9]{5}$/);
    assert.equal(json.spec.containers[0].volumeMounts[0].mountPath, "/var/run/secrets/kubernetes.io/serviceaccount");
    assert.deepEqual(
      json.spec.tolerations.map((one: { key: string; tolerationSeconds: number }) => [one.key, one.tolerationSeconds]),
      [
        ["node.kubernetes.io/not-ready", 5],
        ["node.kubernetes.io/unreachable", 5],
      ],
    );
    const stranger = await server.admin.post(
      "/api/v1/namespaces/default/pods",
      pod("stranger", { serviceAccountName: "nobody" }),
    );
    assert.equal(stranger.status, 403);
    assert.match(stranger.json.message, /serviceaccount "nobody" not found/);
  });

  test("are bound once", async () => {
    const pods = "/api/v1/namespaces/default/pods";
    await server.admin.post(pods, pod("binds"));
    const bind = (node: string) => server.admin.post(`${pods}/binds/binding`, { target: { kind: "Node", name: node } });
    assert.equal((await bind("n1")).status, 201);
    const { json } = await server.admin.get(`${pods}/binds`);
    assert.equal(json.spec.nodeName, "n1");
    assert.deepEqual(
      json.status.conditions.map((one: { type: string; status: string }) => [one.type, one.status]),
      [["PodScheduled", "True"]],
    );
    const second = await bind("n2");
    assert.equal(second.status, 409);
    assert.match(second.json.message, /pod binds is already assigned to node "n1"/);
  });
});

describe("discovery", () => {
  test("is the aggregated document for those who ask for it, and the classic one for the others", async () => {
    for (const version of ["v2", "v2beta1"]) {
      const accept = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList;profile=nopeer,application/json`;
      const { json, headers } = await server.admin.get("/apis", { accept });
      assert.deepEqual([json.kind, json.apiVersion], ["APIGroupDiscoveryList", `apidiscovery.k8s.io/${version}`]);
      assert.match(String(headers["content-type"]), /as=APIGroupDiscoveryList/);
      const apps = json.items.find((item: { metadata: { name: string } }) => item.metadata.name === "apps");
      const names = apps.versions[0].resources.map((one: { resource: string }) => one.resource);
      assert.deepEqual(names, ["daemonsets", "deployments", "replicasets"]);
      const scale = apps.versions[0].resources[1].subresources.find(
        (one: { subresource: string }) => one.subresource === "scale",
      );
      assert.deepEqual(scale.responseKind, { group: "autoscaling", version: "v1", kind: "Scale" });
    }
    assert.deepEqual((await server.admin.get("/api")).json.versions, ["v1"]);
    assert.equal((await server.admin.get("/apis")).json.kind, "APIGroupList");
    const core = (await server.admin.get("/api/v1")).json.resources.map((one: { name: string }) => one.name);
    for (const name of [
      "pods",
      "pods/log",
      "pods/exec",
      "pods/eviction",
      "namespaces/finalize",
      "serviceaccounts/token",
    ]) {
      assert.ok(core.includes(name), name);
    }
  });

  test("and health and version are told", async () => {
    for (const path of ["/healthz", "/livez", "/readyz"]) assert.equal((await server.admin.get(path)).text, "ok");
    assert.equal((await server.admin.get("/version")).json.major, "1");
  });
});

describe("the first objects", () => {
  test("are there", async () => {
    const { json } = await server.admin.get("/api/v1/namespaces");
    const names = json.items.map((item: { metadata: { name: string } }) => item.metadata.name);
    for (const name of ["default", "kube-node-lease", "kube-public", "kube-system"])
      assert.ok(names.includes(name), name);
    const service = await server.admin.get("/api/v1/namespaces/default/services/kubernetes");
    assert.equal(service.json.spec.clusterIP, "10.96.0.1");
    const slice = await server.admin.get("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes");
    assert.deepEqual(slice.json.endpoints[0].addresses, ["198.18.0.2"]);
  });
});

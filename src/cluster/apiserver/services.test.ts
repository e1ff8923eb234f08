import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startTestServer, type TestServer, testConfig, testIPv6 } from "./fixture.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

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

describe("Services of a dual-stack cluster", () => {
  const path = "/api/v1/namespaces/default/services";
  const service = (name: string, spec: object) => ({
    metadata: { name },
    spec: { selector: { a: "b" }, ports: [{ port: 80 }], ...spec },
  });
  const config = { ...testConfig, ipv6: testIPv6 };
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "fairway-dual-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  test("a cluster that was single-stack gives second addresses on demand, and takes them back", async () => {
    const single = await startTestServer({ directory });
    const early = await single.admin.post(path, service("early", { ipFamilyPolicy: "PreferDualStack" }));
    assert.deepEqual([early.json.spec.ipFamilies, early.json.spec.clusterIPs.length], [["IPv4"], 1]);
    const refused = await single.admin.post(path, service("both", { ipFamilyPolicy: "RequireDualStack" }));
    assert.equal(refused.status, 422);
    assert.match(refused.json.message, /this cluster is not configured for dual-stack services$/);
    await single[Symbol.asyncDispose]();

    const dual = await startTestServer({ directory, config });
    const { json: kubernetes } = await dual.admin.get(`${path}/kubernetes`);
    assert.deepEqual([kubernetes.spec.ipFamilyPolicy, kubernetes.spec.clusterIPs], ["SingleStack", ["10.96.0.1"]]);
    const label = { metadata: { labels: { x: "y" } } };
    const labelled = await dual.admin.patch(`${path}/early`, "merge", label);
    assert.deepEqual(labelled.json.spec, early.json.spec);
    const upgraded = await dual.admin.patch(`${path}/early`, "merge", { spec: { ipFamilyPolicy: "RequireDualStack" } });
    const [four, six] = upgraded.json.spec.clusterIPs;
    assert.equal(four, early.json.spec.clusterIP);
    assert.match(six, /^fd00:10:96::[0-9a-f:]+$/);
    const rival = { ipFamilies: ["IPv6"], clusterIP: six };
    assert.match((await dual.admin.post(path, service("rival", rival))).json.message, /is already allocated$/);
    await dual[Symbol.asyncDispose]();

    const again = await startTestServer({ directory, config });
    assert.match((await again.admin.post(path, service("rival", rival))).json.message, /is already allocated$/);
    const back = await again.admin.patch(`${path}/early`, "merge", { spec: { ipFamilyPolicy: "SingleStack" } });
    assert.deepEqual([back.json.spec.ipFamilies, back.json.spec.clusterIPs], [["IPv4"], [four]]);
    const { json: taken } = await again.admin.post(path, service("rival", rival));
    assert.deepEqual([taken.spec.ipFamilies, taken.spec.clusterIPs], [["IPv6"], [six]]);
    await again[Symbol.asyncDispose]();

    // Without IPv6 again: what is stored stays as it is, and can still be changed and deleted.
    const reduced = await startTestServer({ directory });
    const kept = await reduced.admin.patch(`${path}/rival`, "merge", label);
    assert.deepEqual(kept.json.spec.clusterIPs, [six], kept.text);
    assert.equal((await reduced.admin.delete(`${path}/rival`)).status, 200);
    await reduced[Symbol.asyncDispose]();
  });
});

test("the Service kubernetes comes back with its address, and so do its endpoints", async () => {
  const known = "fieldSelector=metadata.name%3Dkubernetes&watch=1";
  for (const path of [
    "/api/v1/namespaces/default/services",
    "/api/v1/namespaces/default/endpoints",
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
  ]) {
    const { json: before } = await server.admin.get(`${path}/kubernetes`);
    const watching = server.admin.watch(`${path}?${known}&resourceVersion=${before.metadata.resourceVersion}`, 2);
    await server.admin.delete(`${path}/kubernetes`);
    const [gone, back] = await watching;
    assert.deepEqual([gone?.type, back?.type], ["DELETED", "ADDED"], path);
    assert.notEqual(back?.object.metadata.uid, before.metadata.uid);
    for (const part of ["spec", "subsets", "endpoints", "ports"])
      assert.deepEqual(back?.object[part], before[part], `${path} ${part}`);
  }
  const service = "/api/v1/namespaces/default/services/kubernetes";
  const { json: changed } = await server.admin.patch(service, "merge", { spec: { ports: [{ port: 444 }] } });
  assert.equal(changed.spec.ports[0].port, 444);
  const from = `${known}&resourceVersion=${changed.metadata.resourceVersion}`;
  const [mended] = await server.admin.watch(`/api/v1/namespaces/default/services?${from}`, 1);
  assert.equal(mended?.object.spec.ports[0].port, 443);
});

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer, type TestServer } from "./fixture.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

const pod = (name: string, more: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: name } },
  spec: { containers: [{ name: "main", image: "hello" }], ...more },
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

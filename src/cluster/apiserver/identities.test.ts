import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer, type TestServer } from "./fixture.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

const configMaps = "/api/v1/namespaces/default/configmaps";
const pod = (name: string, more: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: name } },
  spec: { containers: [{ name: "main", image: "hello" }], ...more },
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

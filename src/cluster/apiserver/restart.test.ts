import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startTestServer } from "./fixture.ts";

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "fairway-restart-"));
});
after(() => rm(directory, { recursive: true, force: true }));

const services = "/api/v1/namespaces/default/services";
const nodePort = (name: string) => ({
  metadata: { name },
  spec: { type: "NodePort", selector: { a: "b" }, ports: [{ port: 80, nodePort: 30080 }] },
});

test("a server that starts again has everything: objects, what is allocated, tokens, and the history for watches", async () => {
  const first = await startTestServer({ directory });
  const { json: list } = await first.admin.get(services);
  const { json: made } = await first.admin.post(services, nodePort("kept"));
  const { json: token } = await first.admin.post("/api/v1/namespaces/default/serviceaccounts/default/token", {});
  const { json: role } = await first.admin.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/view");
  await first[Symbol.asyncDispose]();

  const second = await startTestServer({ directory });
  const { json: kept } = await second.admin.get(`${services}/kept`);
  assert.deepEqual(kept, made);
  // What a cluster starts with is not written again.
  const { json: sameRole } = await second.admin.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/view");
  assert.equal(sameRole.metadata.resourceVersion, role.metadata.resourceVersion);
  const taken = await second.admin.post(services, nodePort("other"));
  assert.match(taken.json.message, /provided port is already allocated/);
  const bearer = second.withHeaders({ authorization: `Bearer ${token.status.token}` });
  assert.equal((await bearer.get("/version")).status, 200);
  const [event] = await second.admin.watch(`${services}?watch=1&resourceVersion=${list.metadata.resourceVersion}`, 1);
  assert.deepEqual([event?.type, event?.object.metadata.name], ["ADDED", "kept"]);
  const { json: later } = await second.admin.patch(`${services}/kept`, "merge", { metadata: { labels: { x: "y" } } });
  assert.ok(Number(later.metadata.resourceVersion) > Number(made.metadata.resourceVersion));
  await second[Symbol.asyncDispose]();
});

test("a journal that fails refuses the write, and gives back what was allocated for it", async () => {
  let broken = false;
  const { openSqliteJournal } = await import("../storage/journal.ts");
  await using server = await startTestServer({
    journal: (file) => {
      const journal = openSqliteJournal({ file, survives: "process" });
      const { commit } = journal;
      journal.commit = (batch) => (broken ? Promise.reject(new Error("no space left on device")) : commit(batch));
      return journal;
    },
  });
  broken = true;
  const refused = await server.admin.post(services, nodePort("unlucky"));
  assert.equal(refused.status, 503);
  assert.match(refused.json.message, /^the change could not be made durable: no space left on device$/);
  assert.equal((await server.admin.get(`${services}/unlucky`)).status, 404);
  broken = false;
  assert.equal((await server.admin.post(services, nodePort("lucky"))).status, 201);
});

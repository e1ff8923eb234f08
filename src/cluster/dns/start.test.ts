/** The cluster's DNS against a real API server in this process, asked by a real resolver. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { Resolver } from "node:dns/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import { createClient } from "../../kubernetes/http-client.ts";
import { endpointSlices, namespaces, services } from "../../kubernetes/resource.ts";
import type { EndpointSlice, Namespace, Service } from "../../kubernetes/types.ts";
import { createLogger } from "../../role/log.ts";
import { kinds } from "../apiserver/kinds/index.ts";
import { type ApiServer, createApiServer } from "../apiserver/server.ts";
import type { ClusterConfig } from "../config.ts";
import { controllerPermissions } from "../controllers/permissions.ts";
import { Authority } from "../pki/authority.ts";
import { apiServerRequest } from "../pki/cluster.ts";
import { openSqliteJournal } from "../storage/journal.ts";
import { Store } from "../storage/store.ts";
import type { ResourceRecord } from "./message.ts";
import { rotate, startDns } from "./start.ts";

const log = createLogger("test", "silent");

describe("startDns", () => {
  let directory: string;
  let server: ApiServer;
  let admin: KubernetesClient;
  let dns: Awaited<ReturnType<typeof startDns>>;
  const resolver = new Resolver({ timeout: 1000, tries: 3 });

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "fairway-dns-"));
    const config: ClusterConfig = {
      name: "dns-test",
      nodeCIDR: "198.18.0.0/24",
      podCIDR: "10.32.0.0/12",
      serviceCIDR: "10.96.0.0/12",
      nodePortRange: [30000, 32767],
      hostAddress: "198.18.0.1",
      apiAddress: "198.18.0.2",
      apiPort: 6443,
      clusterDomain: "Cluster.Local",
      dnsAddress: "10.96.0.10",
      timings: { leaseRenewInterval: 1000, nodeMonitorGrace: 4000, podEviction: 5000 },
    };
    const authority = await Authority.load(join(directory, "pki"));
    const credentials = { ...authority.issue(apiServerRequest(config)), ca: authority.certificate };
    server = await createApiServer({
      config,
      store: new Store(openSqliteJournal({ file: ":memory:", survives: "process" })),
      kinds,
      tls: credentials,
      agentCredentials: credentials,
      serviceAccountKey: generateKeyPairSync("ec", { namedCurve: "P-256" })
        .privateKey.export({ type: "pkcs8", format: "pem" })
        .toString(),
      controllerRules: controllerPermissions,
      log,
    });
    const clientOf = (name: string, group: string) =>
      createClient(server.transportFor({ name, groups: [group, "system:authenticated"] }), { userAgent: "test" });
    admin = clientOf("admin", "system:masters");
    // With the rights of a node's agent and no more.
    const client = clientOf("system:node:node1", "system:nodes");
    // UDP's free port may be taken for TCP: another test's connection has it.
    for (let tries = 0; dns === undefined; tries += 1)
      try {
        dns = await startDns({ address: "127.0.0.1", port: 0, client, config, log });
      } catch (error) {
        if (tries === 5) throw error;
      }
    resolver.setServers([`127.0.0.1:${dns.port}`]);
  });
  after(async () => {
    await dns?.stop();
    await server?.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Asks until the answer is as expected; a watch takes a moment. */
  async function eventually(ask: () => Promise<unknown>, expected: unknown): Promise<void> {
    let last: unknown;
    for (let attempt = 0; attempt < 200; attempt += 1) {
      last = await ask().catch((error: NodeJS.ErrnoException) => error.code);
      if (JSON.stringify(last) === JSON.stringify(expected)) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    assert.deepEqual(last, expected);
  }

  it("follows Services, EndpointSlices and Namespaces", async () => {
    const web = () => resolver.resolve4("web.shop.svc.cluster.local");
    await eventually(() => resolver.resolve4("shop.svc.cluster.local"), "ENOTFOUND");
    await admin.create<Namespace>(namespaces, { metadata: { name: "shop" } });
    await eventually(() => resolver.resolve4("shop.svc.cluster.local"), "ENODATA");
    const service: Service = {
      metadata: { name: "web" },
      spec: { clusterIP: "10.103.188.73", ports: [{ port: 80 }] },
    };
    await admin.create(services, service, { namespace: "shop" });
    await eventually(web, ["10.103.188.73"]);
    await admin.delete(services, "web", { namespace: "shop" });
    await eventually(web, "ENOTFOUND");

    await admin.create<Service>(
      services,
      { metadata: { name: "db" }, spec: { clusterIP: "None", ports: [{ port: 1 }] } },
      { namespace: "shop" },
    );
    await eventually(() => resolver.resolve4("db.shop.svc.cluster.local"), "ENODATA");
    const slice: EndpointSlice = {
      metadata: { name: "db-1", labels: { "kubernetes.io/service-name": "db" } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.32.0.3"], hostname: "db-0", conditions: { ready: true } }],
    };
    await admin.create(endpointSlices, slice, { namespace: "shop" });
    await eventually(() => resolver.resolve4("db-0.db.shop.svc.cluster.local"), ["10.32.0.3"]);
    await eventually(() => resolver.reverse("10.32.0.3"), ["db-0.db.shop.svc.cluster.local"]);
    await admin.delete(endpointSlices, "db-1", { namespace: "shop" });
    await eventually(() => resolver.resolve4("db.shop.svc.cluster.local"), "ENODATA");
  });

  it("says at once that names outside the cluster do not exist", async () => {
    await assert.rejects(resolver.resolve4("example.com"), { code: "ENOTFOUND" });
  });
});

describe("rotate", () => {
  const a = (address: string): ResourceRecord => ({ name: ["x"], ttl: 5, type: "A", address });
  it("begins each answer with another address, behind the alias", () => {
    const alias: ResourceRecord = { name: ["y"], ttl: 5, type: "CNAME", target: ["x"] };
    const records = [alias, a("1"), a("2"), a("3")];
    const firsts = [0, 1, 2, 3].map((turn) => rotate(records, turn));
    assert.ok(firsts.every((turned) => turned[0] === alias && turned.length === 4));
    assert.deepEqual(
      firsts.map((turned) => turned[1]),
      [a("1"), a("2"), a("3"), a("1")],
    );
  });
});

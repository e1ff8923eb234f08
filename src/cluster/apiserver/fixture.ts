/** For tests: a real API server on loopback with keys of its own, and clients with whatever identity a test needs. */
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import type { ClusterConfig } from "../config.ts";
import { controllerPermissions } from "../controllers/permissions.ts";
import { Authority, ensureSigningKey } from "../pki/authority.ts";
import { type Journal, openSqliteJournal } from "../storage/journal.ts";
import { Store, type StoreOptions } from "../storage/store.ts";
import { kinds } from "./kinds/index.ts";
import { type ApiServer, createApiServer } from "./server.ts";

export const testConfig: ClusterConfig = {
  name: "test",
  nodeCIDR: "198.18.0.0/24",
  podCIDR: "10.32.0.0/12",
  serviceCIDR: "10.96.0.0/12",
  nodePortRange: [30000, 32767],
  hostAddress: "198.18.0.1",
  apiAddress: "198.18.0.2",
  apiPort: 6443,
  clusterDomain: "cluster.local",
  dnsAddress: "10.96.0.10",
  timings: { leaseRenewInterval: 1000, nodeMonitorGrace: 4000, podEviction: 5000 },
};

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind.
  json: any;
}

export interface Call {
  method?: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface TestClient {
  call(call: Call): Promise<Reply>;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  post(path: string, body: unknown): Promise<Reply>;
  put(path: string, body: unknown): Promise<Reply>;
  patch(path: string, type: "json" | "merge" | "strategic", body: unknown): Promise<Reply>;
  delete(path: string, body?: unknown): Promise<Reply>;
  /** Reads a watch's events until `count` came, then closes it. Rejects when the stream ends before, or after five seconds. */
  watch(path: string, count: number, headers?: Record<string, string>): Promise<WatchLine[]>;
}

export interface WatchLine {
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind.
  object: any;
}

export interface TestServer extends AsyncDisposable {
  api: ApiServer;
  store: Store;
  port: number;
  directory: string;
  admin: TestClient;
  /** A client with a client certificate of the cluster's authority. */
  as(name: string, ...groups: string[]): TestClient;
  /** A client with nothing but what the headers say. */
  withHeaders(headers: Record<string, string>): TestClient;
  /** What an agent of a node would show as a server. */
  issue(name: string, ...groups: string[]): { certificate: string; key: string; ca: string };
}

export const testIPv6 = {
  nodeCIDR: "fd00:198:18::/64",
  podCIDR: "fd00:10:32::/48",
  serviceCIDR: "fd00:10:96::/108",
} as const;

export interface TestServerOptions {
  config?: ClusterConfig;
  /** Keys and journal of a server that ran before; it is kept. */
  directory?: string;
  journal?: (file: string) => Journal;
  store?: StoreOptions;
  now?: () => number;
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "fairway-apiserver-")));
  const authority = await Authority.load(directory);
  const ca = authority.certificate;
  const serving = authority.issue({
    subject: { commonName: "kube-apiserver" },
    server: true,
    addresses: ["127.0.0.1"],
  });
  const keyFile = join(directory, "service-accounts.key");
  await ensureSigningKey(keyFile, join(directory, "service-accounts.pub"));
  const file = join(directory, "journal.sqlite");
  const journal = options.journal?.(file) ?? openSqliteJournal({ file, survives: "process" });
  const store = new Store(journal, options.store);
  const issueClient = (name: string, groups: string[]) =>
    authority.issue({ subject: { commonName: name, organizations: groups }, client: true });
  const api = await createApiServer({
    config: options.config ?? testConfig,
    store,
    kinds,
    tls: { ...serving, ca },
    agentCredentials: { ...issueClient("kube-apiserver-kubelet-client", []), ca },
    serviceAccountKey: await readFile(keyFile, "utf8"),
    controllerRules: controllerPermissions,
    log: pino({ level: "silent" }),
    now: options.now,
  });
  api.https.listen(0, "127.0.0.1");
  await once(api.https, "listening");
  const { port } = api.https.address() as AddressInfo;
  const agents: Agent[] = [];
  const client = (credential: { certificate: string; key: string } | undefined, headers: Record<string, string>) => {
    const agent = new Agent({ ca, cert: credential?.certificate, key: credential?.key, keepAlive: true });
    agents.push(agent);
    return testClient(agent, port, headers);
  };
  const as = (name: string, ...groups: string[]) => client(issueClient(name, groups), {});
  return {
    api,
    store,
    port,
    directory,
    admin: as("kubernetes-admin", "system:masters"),
    as,
    withHeaders: (headers) => client(undefined, headers),
    issue: (commonName, ...organizations) => ({
      ...authority.issue({
        subject: { commonName, organizations },
        server: true,
        client: true,
        addresses: ["127.0.0.1"],
      }),
      ca,
    }),
    async [Symbol.asyncDispose]() {
      for (const agent of agents) agent.destroy();
      await api.close();
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
};
const watchPatience = 5000;

function testClient(agent: Agent, port: number, common: Record<string, string>): TestClient {
  const open = ({ method = "GET", path, headers }: Call) =>
    request({ host: "127.0.0.1", port, method, path, agent, headers: { ...common, ...headers } });

  const call = async (asked: Call): Promise<Reply> => {
    const sent = open(asked);
    const { body } = asked;
    if (body !== undefined) {
      const raw = typeof body === "string" || body instanceof Uint8Array;
      if (!raw && !sent.hasHeader("content-type")) sent.setHeader("content-type", "application/json");
      const bytes = Buffer.from(raw ? (body as string | Uint8Array) : JSON.stringify(body));
      // Without it Node sends the body of a DELETE with nothing to tell where it ends.
      sent.setHeader("content-length", bytes.length);
      sent.end(bytes);
    } else sent.end();
    const [response] = await once(sent, "response");
    let text = "";
    response.setEncoding("utf8");
    for await (const chunk of response) text += chunk;
    const isJson = String(response.headers["content-type"]).startsWith("application/json");
    return {
      status: response.statusCode,
      headers: response.headers,
      text,
      json: isJson && text !== "" ? JSON.parse(text) : undefined,
    };
  };

  return {
    call,
    get: (path, headers) => call({ path, headers }),
    post: (path, body) => call({ method: "POST", path, body }),
    put: (path, body) => call({ method: "PUT", path, body }),
    patch: (path, type, body) => call({ method: "PATCH", path, body, headers: { "content-type": patchTypes[type] } }),
    delete: (path, body) => call({ method: "DELETE", path, body }),
    async watch(path, count, headers) {
      const sent = open({ path, headers });
      sent.end();
      const [response] = await once(sent, "response");
      const lines: WatchLine[] = [];
      let rest = "";
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        sent.destroy();
      }, watchPatience);
      try {
        for await (const chunk of response) {
          rest += String(chunk);
          const parts = rest.split("\n");
          rest = parts.pop() ?? "";
          for (const part of parts) lines.push(JSON.parse(part) as WatchLine);
          if (lines.length >= count) return lines.slice(0, count);
        }
      } catch (error) {
        if (!late) throw error;
      } finally {
        clearTimeout(timer);
        sent.destroy();
      }
      throw new Error(`the watch gave ${lines.length} of ${count} events: ${JSON.stringify(lines)}`);
    },
  };
}

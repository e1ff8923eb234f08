/** `fairway proxy` as a process beside a real API server: what it survives, and what survives it. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type ClusterConfig, hostPaths, worldPaths } from "../../src/cluster/config.ts";
import { ensureClusterPki, ensureNodePki } from "../../src/cluster/pki/cluster.ts";
import type { KubernetesClient } from "../../src/kubernetes/client.ts";
import { createClient } from "../../src/kubernetes/http-client.ts";
import { createHttpsTransport } from "../../src/kubernetes/https-transport.ts";
import { loadKubeconfig } from "../../src/kubernetes/kubeconfig.ts";
import { endpointSlices, events, nodes, services } from "../../src/kubernetes/resource.ts";
import type { EndpointSlice, Event, Node, Service } from "../../src/kubernetes/types.ts";
import { run } from "../../src/linux/command.ts";
import { KernelTable } from "../../src/linux/nftables/kernel-table.ts";
import { loadConfiguration, writeConfiguration } from "../../src/serviceproxy/config/load.ts";
import { serviceSchema } from "../../src/serviceproxy/modes/nftables/schema.ts";
import { addresses, createTopology, type Topology } from "../support/topology.ts";
import { eventually } from "../support/wait.ts";
import { differences } from "./differences.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const nodeName = "node";
/** The test files that load this one differ in it. */
const mode = (process.env.PROXY_TEST_MODE ?? "iptables") as keyof typeof differences;
const { outlivesProcess } = differences[mode];

let directory: string;
let config: ClusterConfig;
let topology: Topology;
let client: KubernetesClient;
let server: ChildProcess;
let proxy: ChildProcess;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "proxy-"));
  process.env.XTABLES_LOCKFILE = join(directory, "xtables.lock");
  // This process's own mounts: what a cluster writes below /run is seen nowhere else.
  await run("mount", ["-t", "tmpfs", "tmpfs", "/run"]);
  config = {
    name: "test",
    nodeCIDR: "198.18.0.0/24",
    podCIDR: "10.32.0.0/12",
    serviceCIDR: "10.96.0.0/12",
    nodePortRange: [30_000, 32_767],
    hostAddress: addresses.outside,
    apiAddress: addresses.node,
    apiPort: 6443,
    clusterDomain: "cluster.local",
    dnsAddress: "10.96.0.10",
    timings: { leaseRenewInterval: 1000, nodeMonitorGrace: 4000, podEviction: 5000 },
    dataDir: join(directory, "data"),
  };
  const authority = await ensureClusterPki(config);
  await ensureNodePki(config, authority, nodeName, addresses.node);
  await writeFile(join(directory, "config.json"), JSON.stringify(config));
  topology = await createTopology();
  await topology.pods.a.serveTcp(addresses.a, 8080);
  await topology.pods.b.serveTcp(addresses.b, 8080);
  server = startServer();
  client = createClient(createHttpsTransport(await loadKubeconfig(hostPaths(config.name).kubeconfig)));
  await eventually(
    "the API answers",
    () =>
      client.list(services).then(
        () => true,
        () => false,
      ),
    Boolean,
  );
  await client.create(services, webService());
  await client.create(endpointSlices, slice("web", [addresses.a]));
  proxy = startProxy();
});
after(async () => {
  for (const child of [proxy, server]) child?.kill("SIGKILL");
  await client?.close();
  topology?.remove();
  await rm(directory, { recursive: true });
});

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, FAIRWAY_LOG_LEVEL: "fatal" },
  });
}
function startServer(): ChildProcess {
  return start("apiserver", "--config", join(directory, "config.json"));
}
function startProxy(...flags: string[]): ChildProcess {
  const kubeconfig = ["--kubeconfig", worldPaths(config).proxyKubeconfig(nodeName)];
  const node = ["--hostname-override", nodeName, "--cluster-cidr", config.podCIDR];
  // Shorter than the defaults, so that the tests need not wait.
  const periods = ["--iptables-min-sync-period", "10ms", "--iptables-sync-period", "500ms"];
  // Only up: less than what a process has takes a right that not every root has.
  const score = ["--oom-score-adj", "7"];
  return start("proxy", "--proxy-mode", mode, ...kubeconfig, ...node, ...periods, ...score, ...flags);
}
async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

function webService(name = "web", clusterIP = "10.96.0.20", nodePort = 30_080): Service {
  return {
    metadata: { name, namespace: "default" },
    spec: {
      type: "NodePort",
      clusterIP,
      ports: [{ name: "http", port: 80, targetPort: 8080, nodePort, protocol: "TCP" }],
    },
  };
}
function slice(service: string, endpoints: string[]): EndpointSlice {
  return {
    metadata: { name: `${service}-1`, namespace: "default", labels: { "kubernetes.io/service-name": service } },
    addressType: "IPv4",
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    endpoints: endpoints.map((address) => ({ addresses: [address], nodeName, conditions: { ready: true } })),
  };
}
async function setEndpoints(service: string, ...endpoints: string[]): Promise<void> {
  await client.update(endpointSlices, slice(service, endpoints));
}
const ask = () => topology.pods.client.askTcp("10.96.0.20", 80);
/** What the proxy wrote, in lines that can be compared when sorted. */
async function readRules(): Promise<string[]> {
  if (mode !== "nftables") {
    const saved = (await run("iptables-save", ["-t", "nat"])).split("\n").filter((line) => line.startsWith("-A"));
    if (mode === "iptables") return saved;
    // Each process listens at ports of its own, and chains are named after them.
    return saved.map((rule) => rule.replace(/(169\.254\.98\.114:)\d+/g, "$1PORT").replace(/(KUBE-SEP-)\w+/g, "$1HASH"));
  }
  const table = new KernelTable(serviceSchema(4));
  try {
    const { sets } = await table.readNames();
    const lines: string[] = [];
    for (const set of table.schema.sets.keys())
      if (sets.includes(set)) await table.readElements(set, (key, value = "") => lines.push(`${set} ${key} ${value}`));
    return lines;
  } finally {
    table.close();
  }
}

/** The connection "kept" went through the end of the proxy's process. Where it cannot, another one takes its place. */
async function checkKept(line: string): Promise<void> {
  const { client: pod } = topology.pods;
  assert.equal(await pod.say("kept", line), outlivesProcess ? line : "closed");
  if (!outlivesProcess) assert.match(await pod.open("kept", "10.96.0.20", 80), /^[ab] /);
}
/** What clients meet while no proxy runs. */
async function checkWithoutProcess(answer: RegExp): Promise<void> {
  assert.match(await ask(), outlivesProcess ? answer : /^ECONNREFUSED$/);
}

test("a Service is served, and follows its endpoints", async () => {
  await eventually("pod a answers", ask, (answer) => answer.startsWith("a "));
  await setEndpoints("web", addresses.b);
  await eventually("pod b answers", ask, (answer) => answer.startsWith("b "));
  const rules = await readRules();
  for (const expected of {
    iptables: [/"default\/web:http".*--dport 30080/, /"default\/kubernetes:https cluster IP"/],
    userspace: [/"default\/web:http".*--dport 30080/, /-j DNAT --to-destination 169\.254\.98\.114:/],
    nftables: [/^external-nodeports tcp \. 30080 /, /^cluster-endpoints-1 10\.96\.0\.1 \. tcp \. 443 \. 0 /],
  }[mode])
    assert.ok(
      rules.some((rule) => expected.test(rule)),
      String(expected),
    );
});

/** Of kube-proxy 1.36 in every mode. */
const metricNames =
  `sync_proxy_rules_duration_seconds sync_proxy_rules_last_timestamp_seconds sync_proxy_rules_last_queued_timestamp_seconds
  sync_proxy_rules_endpoint_changes_pending sync_proxy_rules_endpoint_changes_total sync_proxy_rules_service_changes_pending
  sync_proxy_rules_service_changes_total network_programming_duration_seconds sync_proxy_rules_no_local_endpoints_total
  proxy_healthz_total proxy_livez_total sync_full_proxy_rules_duration_seconds sync_partial_proxy_rules_duration_seconds
  conntrack_reconciler_sync_duration_seconds conntrack_reconciler_deleted_entries_total`.split(/\s+/);

test("health and metrics", async () => {
  const { status } = await eventually(
    "healthy",
    () => fetch("http://127.0.0.1:10256/livez"),
    (response) => response.ok,
  );
  assert.equal(status, 200);
  const body = (await (await fetch("http://127.0.0.1:10256/healthz")).json()) as { healthy: boolean };
  assert.equal(body.healthy, true);
  const metrics = await (await fetch("http://127.0.0.1:10249/metrics")).text();
  assert.match(metrics, /^kubeproxy_sync_proxy_rules_duration_seconds_count\{ip_family="IPv4"\} [1-9]/m);
  const names = new Set([...metrics.matchAll(/^# TYPE kubeproxy_(\S+) /gm)].map(([, name]) => name));
  for (const rest of metricNames) assert.ok(names.has(rest), rest);
  assert.equal(await (await fetch("http://127.0.0.1:10249/proxyMode")).text(), mode);
  assert.equal((await fetch("http://127.0.0.1:10249/other")).status, 404);
});

test("what it runs with, and what it tells people", async () => {
  const configz = (await (await fetch("http://127.0.0.1:10249/configz")).json()) as Record<string, { mode: string }>;
  assert.equal(configz["kubeproxy.config.k8s.io"]?.mode, mode);
  const starting = await eventually(
    "the event of the start",
    async () => (await client.list<Event>(events, { namespace: "default" })).items,
    (items) => items.some(({ reason }) => reason === "Starting"),
  );
  const { involvedObject, source } = starting.find(({ reason }) => reason === "Starting")!;
  assert.deepEqual([involvedObject?.kind, involvedObject?.name, source?.component], ["Node", nodeName, "kube-proxy"]);
});

test("the kernel's settings, by the proxy and by --init-only", async () => {
  const closeWait = "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait";
  assert.equal(await readFile(closeWait, "utf8"), "3600\n");
  assert.equal(await readFile(`/proc/${proxy.pid}/oom_score_adj`, "utf8"), "7\n");
  const child = start("proxy", "--init-only", "--proxy-mode", mode, "--conntrack-tcp-timeout-close-wait", "30m");
  assert.deepEqual(await once(child, "exit"), [0, null]);
  assert.equal(await readFile(closeWait, "utf8"), "1800\n");
});

test("a balancer learns from the health check port whether this node has endpoints", async () => {
  const { spec } = webService("balanced", "10.96.0.30", 30_090);
  const created = await client.create<Service>(services, {
    metadata: { name: "balanced", namespace: "default" },
    spec: { ...spec, type: "LoadBalancer", externalTrafficPolicy: "Local" },
  });
  const port = created.spec?.healthCheckNodePort;
  const ask = () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      (response) => `${response.status} ${response.headers.get("x-load-balancing-endpoint-weight")}`,
      () => "nobody",
    );
  await eventually("nobody here", ask, (answer) => answer === "503 0");
  await client.create(endpointSlices, slice("balanced", [addresses.a, addresses.b]));
  await eventually("two here", ask, (answer) => answer === "200 2");
  await setEndpoints("balanced");
  await eventually("nobody here any more", ask, (answer) => answer === "503 0");
  await client.delete(services, "balanced", { namespace: "default" });
  await client.delete(endpointSlices, "balanced-1", { namespace: "default" });
  await eventually("the port is closed", ask, (answer) => answer === "nobody");
});

test("a health check port that somebody else has is told of the Service", async () => {
  const port = 32_111;
  const other = createServer().listen(port, "0.0.0.0");
  await once(other, "listening");
  const { spec } = webService("clashing", "10.96.0.31", 30_091);
  await client.create<Service>(services, {
    metadata: { name: "clashing", namespace: "default" },
    spec: { ...spec, type: "LoadBalancer", externalTrafficPolicy: "Local", healthCheckNodePort: port },
  });
  await eventually(
    "the event",
    async () => (await client.list<Event>(events, { namespace: "default" })).items,
    (items) =>
      items.some(
        ({ reason, involvedObject }) =>
          reason === "FailedToStartServiceHealthcheck" && involvedObject?.name === "clashing" && involvedObject?.uid,
      ),
  );
  other.close();
  await client.delete(services, "clashing", { namespace: "default" });
});

test("killed: rules and connections stay; started again, it takes up what it missed", async () => {
  assert.match(await topology.pods.client.open("kept", "10.96.0.20", 80), /^b /);
  const before = await readRules();
  await kill(proxy);
  await checkWithoutProcess(/^b /);
  await setEndpoints("web", addresses.a);
  assert.deepEqual(await readRules(), before);
  proxy = startProxy();
  await eventually("pod a answers", ask, (answer) => answer.startsWith("a "));
  await checkKept("still here");
});

test("killed again and again while it writes, it ends with the right rules and cuts nothing", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `many-${index}`);
  for (const [index, name] of names.entries()) {
    await client.create(services, webService(name, `10.96.1.${index + 1}`, 31_000 + index));
    await client.create(endpointSlices, slice(name, []));
  }
  for (let round = 0; round < 6; round += 1) {
    const changes = names.map((name, index) =>
      setEndpoints(
        name,
        ...((index + round) % 3 === 0 ? [] : [addresses.a, addresses.b].slice(0, 1 + ((index + round) % 2))),
      ),
    );
    // Somewhere between its first byte of the API and the last of its rules.
    await sleep(40 * round);
    await kill(proxy);
    await Promise.all(changes);
    proxy = startProxy();
  }
  const served = (name: string) => topology.pods.client.askTcp(`10.96.1.${names.indexOf(name) + 1}`, 80);
  for (const [index, name] of names.entries()) {
    const refused = (index + 5) % 3 === 0;
    await eventually(
      name,
      () => served(name),
      (answer) => (refused ? answer === "ECONNREFUSED" : /^[ab] /.test(answer)),
    );
  }
  const settled = (await readRules()).sort();
  await kill(proxy);
  // A fresh start on an empty kernel must come to the same.
  const cleanup = start("proxy", "--cleanup");
  assert.deepEqual(await once(cleanup, "exit"), [0, null]);
  assert.ok(!(await readRules()).some((rule) => mode === "nftables" || rule.includes("KUBE-")));
  proxy = startProxy();
  await eventually(
    "the same rules",
    async () => (await readRules()).sort().join("\n"),
    (rules) => rules === settled.join("\n"),
  );
  await checkKept("after all that");
  for (const name of names) {
    await client.delete(services, name, { namespace: "default" });
    await client.delete(endpointSlices, `${name}-1`, { namespace: "default" });
  }
  await eventually("their rules are gone", readRules, (rules) => !rules.some((rule) => /many-|10\.96\.1\./.test(rule)));
});

test("an API server that is black-holed, frozen, then killed, costs no rule and no connection", async () => {
  const before = await readRules();
  const blackHole = ["INPUT", "-p", "tcp", "--dport", String(config.apiPort), "-j", "DROP"];
  await run("iptables", ["-I", ...blackHole]);
  await sleep(1500);
  assert.match(await ask(), /^a /);
  await run("iptables", ["-D", ...blackHole]);
  await setEndpoints("web", addresses.b);
  await eventually("pod b answers", ask, (answer) => answer.startsWith("b "));
  await setEndpoints("web", addresses.a);
  await eventually("pod a answers", ask, (answer) => answer.startsWith("a "));
  server.kill("SIGSTOP");
  await sleep(1500);
  assert.match(await ask(), /^a /);
  assert.deepEqual(await readRules(), before);
  server.kill("SIGCONT");
  await setEndpoints("web", addresses.b);
  await eventually("pod b answers", ask, (answer) => answer.startsWith("b "));
  await kill(server);
  assert.match(await ask(), /^b /);
  server = startServer();
  await eventually(
    "the API answers",
    () =>
      client.list(services).then(
        () => true,
        () => false,
      ),
    Boolean,
  );
  await setEndpoints("web", addresses.a);
  await eventually("pod a answers", ask, (answer) => answer.startsWith("a "));
  assert.equal(await topology.pods.client.say("kept", "and now"), "and now");
});

test("rules that somebody flushed come back by themselves", async () => {
  const right = (await readRules()).sort().join("\n");
  if (mode !== "nftables") await run("iptables", ["-t", "nat", "-F"]);
  else await run("nft", ["flush", "ruleset"]);
  await eventually(
    "the same rules",
    async () => (await readRules()).sort().join("\n"),
    (rules) => rules === right,
  );
});

test("told to stop, it ends orderly and leaves its rules", async () => {
  const before = await readRules();
  const gone = once(proxy, "exit");
  proxy.kill("SIGTERM");
  assert.deepEqual(await gone, [0, null]);
  assert.deepEqual(await readRules(), before);
  await checkWithoutProcess(/^a /);
});

test("by a configuration file it does the same, until the file changes", async () => {
  const file = join(directory, "kube-proxy.yaml");
  const { configuration } = await loadConfiguration(["--proxy-mode", mode, "--detect-local-mode", "NodeCIDR"]);
  configuration.clientConnection.kubeconfig = worldPaths(config).proxyKubeconfig(nodeName);
  await writeConfiguration(configuration, file);
  const child = start("proxy", "--config", file, "--hostname-override", nodeName);
  const gone = once(child, "exit");
  const write = (podCIDR: string) => client.create<Node>(nodes, { metadata: { name: nodeName }, spec: { podCIDR } });
  // Without podCIDRs nobody can say which traffic is a Pod's.
  await write("10.32.0.0/24");
  await setEndpoints("web", addresses.b);
  await eventually("pod b answers", ask, (answer) => answer.startsWith("b "));
  await writeConfiguration({ ...configuration, oomScoreAdj: -1 }, file);
  assert.deepEqual(await gone, [1, null]);
  const again = start("proxy", "--config", file, "--hostname-override", nodeName);
  const ended = once(again, "exit");
  await setEndpoints("web", addresses.a);
  await eventually("pod a answers", ask, (answer) => answer.startsWith("a "));
  await client.delete(nodes, nodeName);
  await write("10.32.1.0/24");
  assert.deepEqual(await ended, [1, null], "other podCIDRs end it");
});

test("node ports answer on an address that the node gets later", async () => {
  const child = startProxy(
    "--nodeport-addresses",
    "198.51.100.0/24",
    "--healthz-bind-address=",
    "--metrics-bind-address=",
  );
  const answer = () => topology.pods.client.askTcp("198.51.100.7", 30_080);
  await eventually(
    "the rules are those of no address",
    () => topology.pods.client.askTcp(addresses.node, 30_080),
    isRefused,
  );
  await run("ip", ["address", "add", "198.51.100.7/32", "dev", "lo"]);
  await eventually("pod a answers", answer, (text) => text.startsWith("a "));
  await kill(child);
});
const isRefused = (answer: string) => answer === "ECONNREFUSED";

test("an address that is taken ends it when it must not", async () => {
  const other = createServer().listen(10_255, "127.0.0.1");
  await once(other, "listening");
  const child = startProxy("--bind-address-hard-fail", "--healthz-bind-address", "127.0.0.1:10255");
  const [code] = await once(child, "exit");
  other.close();
  assert.equal(code, 1);
});

// Where only a running proxy leads there, it waits for an API that never answers.
if (outlivesProcess)
  test("the kubernetes Service's own address is refused as the API's", async () => {
    const child = startProxy("--master", "https://10.96.0.1:443", "--healthz-bind-address=", "--metrics-bind-address=");
    const [code] = await once(child, "exit");
    assert.equal(code, 1);
  });

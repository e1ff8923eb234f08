/** A real API server and `fairway proxy` as processes beside it, and what tests of the process say and ask there. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ClusterConfig, hostPaths, worldPaths } from "../../src/cluster/config.ts";
import { ensureClusterPki, ensureNodePki } from "../../src/cluster/pki/cluster.ts";
import type { KubernetesClient } from "../../src/kubernetes/client.ts";
import { createClient } from "../../src/kubernetes/http-client.ts";
import { createHttpsTransport } from "../../src/kubernetes/https-transport.ts";
import { loadKubeconfig } from "../../src/kubernetes/kubeconfig.ts";
import { endpointSlices, services } from "../../src/kubernetes/resource.ts";
import type { EndpointSlice, Service } from "../../src/kubernetes/types.ts";
import { run } from "../../src/linux/command.ts";
import { KernelTable } from "../../src/linux/nftables/kernel-table.ts";
import { serviceSchema } from "../../src/serviceproxy/modes/nftables/schema.ts";
import { addresses, createTopology, type Topology } from "../support/topology.ts";
import { eventually } from "../support/wait.ts";
import { differences } from "./differences.ts";
import { dumpIpvs } from "./subjects.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
export const nodeName = "node";

export class ProcessLab {
  readonly mode: keyof typeof differences;
  /** These are there after `start`. */
  directory!: string;
  config!: ClusterConfig;
  topology!: Topology;
  /** Reaches the API by an address of its own: what befalls the proxy's does not befall the test. */
  client!: KubernetesClient;
  server!: ChildProcess;
  proxy!: ChildProcess;
  #begun: Promise<void> | undefined;

  constructor(mode: keyof typeof differences) {
    this.mode = mode;
  }

  /** The API server and the proxy run; the Service `web` is there, with Pod a behind it. */
  start(): Promise<void> {
    this.#begun = this.#start();
    return this.#begun;
  }
  async #start(): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), "proxy-"));
    process.env.XTABLES_LOCKFILE = join(this.directory, "xtables.lock");
    // This process's own mounts: what a cluster writes below /run is seen nowhere else.
    await run("mount", ["-t", "tmpfs", "tmpfs", "/run"]);
    this.config = {
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
      dataDir: join(this.directory, "data"),
    };
    const { config, directory } = this;
    const authority = await ensureClusterPki(config);
    await ensureNodePki(config, authority, nodeName, addresses.node);
    await writeFile(join(directory, "config.json"), JSON.stringify(config));
    const topology = await createTopology();
    this.topology = topology;
    await topology.pods.a.serveTcp(addresses.a, 8080);
    await topology.pods.b.serveTcp(addresses.b, 8080);
    const access = await loadKubeconfig(hostPaths(config.name).kubeconfig);
    access.server = `https://127.0.0.1:${config.apiPort}`;
    this.client = createClient(createHttpsTransport(access));
    this.server = this.startServer();
    await this.apiAnswers();
    await this.client.create(services, this.webService());
    await this.client.create(endpointSlices, this.slice("web", [addresses.a]));
    this.proxy = this.startProxy();
  }

  async remove(): Promise<void> {
    // Without a test to run, node:test does not wait for the hooks before them. Why a start failed it tells by itself.
    await this.#begun?.catch(() => {});
    if (this.directory === undefined) return;
    for (const child of [this.proxy, this.server]) child?.kill("SIGKILL");
    await this.client?.close();
    this.topology?.remove();
    await rm(this.directory, { recursive: true });
  }

  /** A command of `fairway`, with the test's own output. */
  command(...args: string[]): ChildProcess {
    return spawn(process.execPath, [main, ...args], {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, FAIRWAY_LOG_LEVEL: "fatal" },
    });
  }
  startServer(): ChildProcess {
    return this.command("apiserver", "--config", join(this.directory, "config.json"), "--listen", "0.0.0.0");
  }
  async apiAnswers(): Promise<void> {
    const answers = () =>
      this.client.list(services).then(
        () => true,
        () => false,
      );
    await eventually("the API answers", answers, Boolean, 60_000);
  }
  /** Nothing passes between the proxy and the API any more ("-I"), or again ("-D"); the test's own way stays open. */
  async blackHole(command: "-I" | "-D"): Promise<void> {
    const port = String(this.config.apiPort);
    for (const match of [
      ["-d", addresses.node, "-p", "tcp", "--dport", port],
      ["-s", addresses.node, "-p", "tcp", "--sport", port],
    ])
      await run("iptables", [command, "INPUT", ...match, "-j", "DROP"]);
  }
  get proxyKubeconfig(): string {
    return worldPaths(this.config).proxyKubeconfig(nodeName);
  }
  startProxy(...flags: string[]): ChildProcess {
    const node = ["--hostname-override", nodeName, "--cluster-cidr", this.config.podCIDR];
    // Shorter than the defaults, so that the tests need not wait.
    const periods = [
      "--iptables-min-sync-period",
      "10ms",
      "--iptables-sync-period",
      "500ms",
      "--ipvs-sync-period",
      "1s",
    ];
    // Only up: less than what a process has takes a right that not every root has.
    const score = ["--oom-score-adj", "7"];
    const kubeconfig = ["--kubeconfig", this.proxyKubeconfig];
    return this.command("proxy", "--proxy-mode", this.mode, ...kubeconfig, ...node, ...periods, ...score, ...flags);
  }

  webService(name = "web", clusterIP = "10.96.0.20", nodePort = 30_080): Service {
    return {
      metadata: { name, namespace: "default" },
      spec: {
        type: "NodePort",
        clusterIP,
        ports: [{ name: "http", port: 80, targetPort: 8080, nodePort, protocol: "TCP" }],
      },
    };
  }
  slice(service: string, endpoints: readonly string[]): EndpointSlice {
    return {
      metadata: { name: `${service}-1`, namespace: "default", labels: { "kubernetes.io/service-name": service } },
      addressType: "IPv4",
      ports: [{ name: "http", port: 8080, protocol: "TCP" }],
      endpoints: endpoints.map((address) => ({ addresses: [address], nodeName, conditions: { ready: true } })),
    };
  }
  async setEndpoints(service: string, ...endpoints: string[]): Promise<void> {
    await this.client.update(endpointSlices, this.slice(service, endpoints));
  }
  async deleteService(name: string): Promise<void> {
    await this.client.delete(services, name, { namespace: "default" });
    await this.client.delete(endpointSlices, `${name}-1`, { namespace: "default" });
  }

  /** Who answers a Pod behind the Service `web`. */
  ask(): Promise<string> {
    return this.topology.pods.client.askTcp("10.96.0.20", 80);
  }
  async answers(pod: "a" | "b", bound?: number): Promise<void> {
    await eventually(
      `pod ${pod} answers`,
      () => this.ask(),
      (answer) => answer.startsWith(`${pod} `),
      bound,
    );
  }
  /** Opens the connection that checkKept looks at. */
  async openKept(): Promise<void> {
    assert.match(await this.topology.pods.client.open("kept", "10.96.0.20", 80), /^[ab] /);
  }
  /** The connection went through the end of the proxy's process. Where it cannot, another one takes its place. */
  async checkKept(line: string): Promise<void> {
    const { outlivesProcess } = differences[this.mode];
    assert.equal(await this.topology.pods.client.say("kept", line), outlivesProcess ? line : "closed");
    if (!outlivesProcess) await this.openKept();
  }
  /** What clients meet while no proxy runs. */
  async checkWithoutProcess(answer: RegExp): Promise<void> {
    assert.match(await this.ask(), differences[this.mode].outlivesProcess ? answer : /^ECONNREFUSED$/);
  }

  /** What the proxy wrote, in sorted lines that can be compared. */
  async readRules(): Promise<string[]> {
    if (this.mode === "nftables") return readElements();
    if (this.mode === "ipvs") return dumpIpvs([4]);
    const saved = (await run("iptables-save", ["-t", "nat"]))
      .split("\n")
      .filter((line) => line.startsWith("-A"))
      .sort();
    if (this.mode !== "userspace") return saved;
    // Each process listens at ports of its own, and chains are named after them.
    return saved
      .map((rule) => rule.replace(/(169\.254\.98\.114:)\d+/g, "$1PORT").replace(/(KUBE-SEP-)\w+/g, "$1HASH"))
      .sort();
  }
  async rulesAre(expected: readonly string[]): Promise<void> {
    await eventually(
      "the same rules",
      async () => (await this.readRules()).join("\n"),
      (rules) => rules === expected.join("\n"),
    );
  }
}

async function readElements(): Promise<string[]> {
  const table = new KernelTable(serviceSchema(4));
  try {
    const { sets } = await table.readNames();
    const lines: string[] = [];
    for (const set of table.schema.sets.keys())
      if (sets.includes(set)) await table.readElements(set, (key, value = "") => lines.push(`${set} ${key} ${value}`));
    return lines.sort();
  } finally {
    table.close();
  }
}

export async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/**
 * One node with a real API server, in namespaces made for one test file: the API server, the demo server and the agent are processes of
 * their own, as in a cluster, but share one machine. The real kubectl drives them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readdir, readlink, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type ClusterConfig, hostPaths, worldPaths, worldRoot } from "../../src/cluster/config.ts";
import { ensureClusterPki, ensureNodePki } from "../../src/cluster/pki/cluster.ts";
import { run } from "../../src/linux/command.ts";

const marker = "FAIRWAY_TEST_MACHINE";
const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/**
 * Whether this process is in a machine made for this test file: PID, mount, network and host name of its own, and an empty /run. If not, the
 * process becomes one that waits for such a machine; with it everything in the machine ends. Call it before node:test is loaded.
 */
export function inOwnMachine(file: string): boolean {
  const path = fileURLToPath(file);
  if (process.env[marker] === path) return true;
  const namespaces = ["--mount", "--pid", "--uts", "--net", "--fork", "--kill-child", "--mount-proc"];
  // The shell stays: it is the machine's init, and reaps what the dead leave behind.
  const init = 'mount -t tmpfs tmpfs /run && "$@"; status=$?; exit $status';
  const command = ["unshare", ...namespaces, "sh", "-c", init, "sh", process.execPath, ...process.execArgv, path];
  process.execve?.("/usr/bin/env", ["env", ...command], { ...process.env, [marker]: path });
  return false;
}

export const node = "node1";
export const nodeAddress = "198.18.0.10";

const config: ClusterConfig = {
  name: "agent-test",
  nodeCIDR: "198.18.0.0/24",
  podCIDR: "10.32.0.0/12",
  serviceCIDR: "10.96.0.0/12",
  nodePortRange: [30000, 32767],
  hostAddress: "198.18.0.1",
  apiAddress: "198.18.0.2",
  apiPort: 6443,
  clusterDomain: "cluster.local",
  dnsAddress: "10.96.0.10",
  timings: { leaseRenewInterval: 1_000, nodeMonitorGrace: 60_000, podEviction: 60_000 },
};

type Role = "apiserver" | "demo-server" | "agent";

export class OneNode {
  readonly #processes = new Map<Role, ChildProcess>();

  /** Resolves when the node is Ready and Pods can be made. */
  static async start(): Promise<OneNode> {
    await run("ip", ["-batch", "-"], {
      input: [
        "link set lo up",
        "link add eth0 type veth peer name fabric",
        "link set fabric up",
        `addr add ${nodeAddress}/24 dev eth0`,
        `addr add ${config.apiAddress}/24 dev eth0`,
        "link set eth0 up",
        "",
      ].join("\n"),
    });
    await mkdir(worldRoot, { recursive: true });
    await mkdir(hostPaths(config.name).root, { recursive: true });
    await writeFile(worldPaths(config).config, JSON.stringify(config));
    const names = { ...config, kubernetesAddress: "10.96.0.1" };
    const authority = await ensureClusterPki(names);
    await ensureNodePki(names, authority, node, nodeAddress);
    const cluster = new OneNode();
    for (const role of ["apiserver", "demo-server", "agent"] as const) cluster.run(role);
    await eventually("the node is ready", () => cluster.kubectl("wait", "--for=condition=Ready", `node/${node}`));
    await eventually("Pods have an account", () => cluster.kubectl("get", "serviceaccount", "default"));
    return cluster;
  }

  run(role: Role): void {
    const args = ["--config", worldPaths(config).config, ...(role === "apiserver" ? [] : ["--node", node])];
    const output = process.env.FAIRWAY_TEST_LOGS ? "inherit" : "ignore";
    const child = spawn(process.execPath, [main, role, ...args], { stdio: ["ignore", output, output] });
    // It ends with the machine; the test need not wait for it.
    child.unref();
    this.#processes.set(role, child);
  }

  signal(role: Role, signal: NodeJS.Signals): void {
    this.#processes.get(role)?.kill(signal);
  }

  /** Inodes of the TCP sockets in Pods' namespaces that a process has open, and on which somebody listens. */
  async listeners(role: Role): Promise<string[]> {
    const pid = this.#processes.get(role)?.pid ?? 0;
    const namespaces = (await readdir("/run/netns")).filter((name) => name.startsWith("pod-"));
    const tables = await Promise.all(
      namespaces.map((name) => run("ip", ["netns", "exec", name, "cat", "/proc/net/tcp"]).catch(() => "")),
    );
    // The state 0A is LISTEN, the tenth column the inode (proc_net_tcp).
    const lines = tables.flatMap((table) => table.split("\n").map((line) => line.trim().split(/\s+/)));
    const listening = new Set(lines.filter((columns) => columns[3] === "0A").map((columns) => columns[9]));
    const descriptors = await readdir(`/proc/${pid}/fd`);
    const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
    const inodes = links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]).filter((inode) => inode !== undefined);
    return [...new Set(inodes)].filter((inode) => listening.has(inode));
  }

  kubectl(...args: string[]): Promise<string> {
    return run("kubectl", args, { env: this.environment, timeout: 60_000 });
  }

  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, HOME: "/run", KUBECONFIG: hostPaths(config.name).kubeconfig };
  }

  /** Applies objects given as values. */
  async apply(...objects: object[]): Promise<void> {
    const list = { apiVersion: "v1", kind: "List", items: objects };
    await run("kubectl", ["apply", "-f", "-"], { env: this.environment, input: JSON.stringify(list) });
  }

  async get<T>(...what: string[]): Promise<T> {
    return JSON.parse(await this.kubectl("get", ...what, "-o", "json")) as T;
  }

  exec(pod: string, ...command: string[]): Promise<string> {
    return this.kubectl("exec", pod, "--", ...command);
  }
}

/** Tries until it does not reject, at most 20 s. */
export async function eventually<T>(what: string, probe: () => Promise<T>): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (Date.now() > end) throw new Error(`${what}: not within 20 s: ${(error as Error).message}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

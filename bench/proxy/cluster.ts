/** The embedded API server as a process, with a node and numbered Services in it, for proxies that are processes too. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ClusterConfig, hostPaths, worldPaths } from "../../src/cluster/config.ts";
import { ensureClusterPki, ensureNodePki } from "../../src/cluster/pki/cluster.ts";
import type { KubernetesClient } from "../../src/kubernetes/client.ts";
import { createClient } from "../../src/kubernetes/http-client.ts";
import { createHttpsTransport } from "../../src/kubernetes/https-transport.ts";
import { loadKubeconfig } from "../../src/kubernetes/kubeconfig.ts";
import { endpointSlices, namespaces, nodes, services } from "../../src/kubernetes/resource.ts";
import { run } from "../../src/linux/command.ts";
import { eventually } from "../../test/support/wait.ts";
import { namespace, nodeName, podCIDR, type Size, serviceCIDR, serviceNumber, sliceNumber } from "./objects.ts";

/** What `npm run bench` has built, or the script that finds out itself. Decided once: what is built or edited meanwhile is not measured. */
export const fairway =
  process.env.FAIRWAY_BENCH_PROGRAM === undefined
    ? [fileURLToPath(new URL("../../bin/fairway", import.meta.url))]
    : [process.execPath, process.env.FAIRWAY_BENCH_PROGRAM];
const addresses = { node: "198.18.0.10", api: "198.18.0.2" };
/** Writes that are on their way at the same time while the API is filled. */
const writers = 16;

export interface Cluster {
  client: KubernetesClient;
  /** Of a proxy's identity. */
  kubeconfig: string;
  /** A directory for this run; it goes with the namespace's /run. */
  directory: string;
}

/** In the network namespace of this process; everything ends with its PID namespace. */
export async function startCluster({ services: count, endpoints }: Size): Promise<Cluster> {
  await run("mount", ["-t", "tmpfs", "tmpfs", "/run"]);
  await run("ip", ["addr", "add", `${addresses.node}/24`, "dev", "lo"]);
  await run("ip", ["addr", "add", `${addresses.api}/24`, "dev", "lo"]);
  const directory = await mkdtemp(join("/run", "bench-"));
  const config: ClusterConfig = {
    name: "bench",
    nodeCIDR: "198.18.0.0/24",
    podCIDR,
    serviceCIDR,
    nodePortRange: [30_000, 32_767],
    hostAddress: "198.18.0.1",
    apiAddress: addresses.api,
    apiPort: 6443,
    clusterDomain: "cluster.local",
    dnsAddress: "10.64.0.10",
    timings: { leaseRenewInterval: 1000, nodeMonitorGrace: 4000, podEviction: 5000 },
    dataDir: join(directory, "data"),
  };
  const authority = await ensureClusterPki(config);
  await ensureNodePki(config, authority, nodeName, addresses.node);
  const file = join(directory, "config.json");
  await writeFile(file, JSON.stringify(config));
  start([...fairway, "apiserver", "--config", file]);
  const client = createClient(createHttpsTransport(await loadKubeconfig(hostPaths(config.name).kubeconfig)));
  const answers = () =>
    client.list(namespaces).then(
      () => true,
      () => false,
    );
  await eventually("the API answers", answers, Boolean, 120_000);
  await fill(client, { services: count, endpoints });
  return { client, kubeconfig: worldPaths(config).proxyKubeconfig(nodeName), directory };
}

async function fill(client: KubernetesClient, { services: count, endpoints }: Size): Promise<void> {
  await client.create(namespaces, { metadata: { name: namespace } });
  const node = { metadata: { name: nodeName } };
  const status = { addresses: [{ type: "InternalIP", address: addresses.node }] };
  await client.create(nodes, node);
  await client.update(nodes, { ...node, status }, { subresource: "status" });
  let next = 0;
  const write = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await client.create(services, serviceNumber(index));
      await client.create(endpointSlices, sliceNumber(index, endpoints));
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
}

/** A part that goes on until the namespace ends, or it is killed. Its words are heard when FAIRWAY_LOG_LEVEL asks for them. */
export function start([program = "", ...args]: readonly string[]): ChildProcess {
  const words = process.env.FAIRWAY_LOG_LEVEL === undefined ? "ignore" : "inherit";
  return spawn(program, args, {
    stdio: ["ignore", "ignore", words],
    env: { FAIRWAY_LOG_LEVEL: "fatal", ...process.env },
  });
}

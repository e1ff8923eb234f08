import { setTimeout as sleep } from "node:timers/promises";
import { createEventRecorder } from "../../kubernetes/events.ts";
import { createClient } from "../../kubernetes/http-client.ts";
import { createHttpsTransport } from "../../kubernetes/https-transport.ts";
import { type ClusterAccess, loadKubeconfig } from "../../kubernetes/kubeconfig.ts";
import { startReflector } from "../../kubernetes/list-watch.ts";
import type { Reflector } from "../../kubernetes/reflector.ts";
import { nodes, services } from "../../kubernetes/resource.ts";
import type { Node, Service } from "../../kubernetes/types.ts";
import { WatchTrouble } from "../../kubernetes/watch-trouble.ts";
import type { Logger } from "../../role/log.ts";
import { type ClusterConfig, nodeRoot, worldPaths } from "../config.ts";
import type { Verdict } from "../pods/container-files.ts";
import { ContainerLogs } from "../pods/container-logs.ts";
import type { NodeContext } from "../pods/context.ts";
import type { DemoContainer } from "../pods/demo/protocol.ts";
import { DemoClient } from "../pods/demo-client.ts";
import { nodeAddress, PodNetworks } from "../pods/networks.ts";
import { ContainerRuntime } from "../pods/runtime.ts";
import { demoContainer } from "../pods/start-container.ts";
import { StatusWriter } from "../pods/status-writer.ts";
import { PodVolumes } from "../pods/volumes.ts";
import { hostMounts } from "./host-mounts.ts";
import { imageSource } from "./image-source.ts";
import { WatchedObjects } from "./objects.ts";

export interface AgentOptions {
  config: ClusterConfig;
  node: string;
  log: Logger;
}

export interface AgentParts {
  context: NodeContext;
  nodes: Reflector<Node>;
  services: Reflector<Service>;
  /** For the watches that the agent begins itself. */
  trouble: WatchTrouble;
  close(): Promise<void>;
}

/** Makes the parts of an agent and wires them. When it resolves the containers of an earlier life are known; nothing was asked of the API yet. */
export async function createParts({ config, node, log }: AgentOptions): Promise<AgentParts> {
  const nodeIPs = await waitForAddresses(config);
  const runtime = new ContainerRuntime(nodeRoot, {
    extraMounts: await hostMounts(),
    masks: config.dataDir === undefined ? [] : [config.dataDir],
  });
  const access = await waitForKubeconfig(worldPaths(config).agentKubeconfig(node), log);
  const client = createClient(createHttpsTransport(access), { userAgent: "fairway-agent" });
  const problem = (error: Error, what: string) => log.warn({ error: error.message }, what);
  const trouble = new WatchTrouble(log, "cannot follow the API; Pods stay as they are");
  const nodeCache = startReflector<Node>(client, nodes, {
    onError: trouble.of(nodes.plural),
  });
  const serviceCache = startReflector<Service>(client, services, {
    onError: trouble.of(services.plural),
  });
  const own = () => nodeCache.get(node);
  const objects = new WatchedObjects(client, (namespace) => {
    void volumes.refresh((pod) => pod.metadata?.namespace === namespace);
  });
  const volumes = new PodVolumes({
    client,
    objects,
    directory: (uid) => runtime.paths.pod(uid),
    node: () => own() ?? {},
    nodeIPs,
    onError: (error, pod) =>
      log.warn({ error: error.message, pod: pod.metadata?.name }, "cannot refresh a volume; its old content stays"),
  });
  const networks = new PodNetworks(runtime.paths.addresses);
  // Before the demo server hears what it should go on serving, that must be known.
  await runtime.open();
  const demo = new DemoClient({
    socketPath: runtime.paths.demoSocket,
    wanted: () => runningDemos(runtime, node),
    onLost: (ids) => {
      for (const id of ids) void endDemo(runtime, id, lostVerdict);
    },
    onExit: (id, code) => void endDemo(runtime, id, { code }),
    onNotHeld: (error) =>
      problem(error, "cannot hold a demo container's sockets: it would not outlive the demo server"),
  });
  const context: NodeContext = {
    config,
    nodeName: node,
    nodeIPs,
    log,
    client,
    events: createEventRecorder({
      client,
      component: "kubelet",
      host: node,
      onError: (error) => problem(error, "cannot write an event"),
    }),
    runtime,
    logs: new ContainerLogs(runtime.paths.logs, (error) => problem(error, "cannot follow a log")),
    networks,
    demo,
    statuses: new StatusWriter(client, (error, pod) =>
      log.warn({ error: error.message, pod: pod.metadata?.name }, "cannot write a Pod's status"),
    ),
    volumes,
    objects,
    images: imageSource(config, log),
    services: () => serviceCache.list(),
    node: () => own() ?? {},
  };
  await context.logs.open();
  return {
    context,
    nodes: nodeCache,
    services: serviceCache,
    trouble,
    async close() {
      nodeCache.stop();
      serviceCache.stop();
      objects.close();
      volumes.close();
      context.logs.close();
      demo.close();
      runtime.close();
      await context.events.close();
      await client.close();
    },
  };
}

const lostVerdict: Verdict = {
  code: 137,
  reason: "Error",
  message: "the demo server of this node died",
  blameless: true,
};

function runningDemos(runtime: ContainerRuntime, node: string): DemoContainer[] {
  return runtime
    .list()
    .filter(({ exit }) => exit === undefined)
    .map((container) => demoContainer(container, runtime.paths.log(container.spec.id), node))
    .filter((container) => container !== undefined);
}

async function endDemo(runtime: ContainerRuntime, id: string, verdict: Verdict): Promise<void> {
  const container = runtime.get(id);
  if (container !== undefined) await runtime.signal(container, "SIGKILL", verdict);
}

/** The machine's network may come up a moment after its first process. */
async function waitForAddresses({ ipv6 }: ClusterConfig): Promise<[string, ...string[]]> {
  for (let tries = 0; tries < 400; tries += 1) {
    const four = nodeAddress("IPv4");
    const six = nodeAddress("IPv6");
    if (four !== undefined && ipv6 === undefined) return [four];
    if (four !== undefined && six !== undefined) return [four, six];
    await sleep(25);
  }
  const wanted = ipv6 === undefined ? "no IPv4 address" : "no IPv4 and IPv6 address";
  throw new Error(`eth0 has had ${wanted} for 10 s: fairway agent runs inside of a node machine`);
}

/** The world's keys may be written while the node starts. */
async function waitForKubeconfig(path: string, log: Logger): Promise<ClusterAccess> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await loadKubeconfig(path);
    } catch (error) {
      if (tries >= 400) throw error;
      if (tries === 40) log.warn({ error: (error as Error).message }, "waits for the kubeconfig");
      await sleep(25);
    }
  }
}

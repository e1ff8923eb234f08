import { setTimeout as sleep } from "node:timers/promises";
import { createEventRecorder } from "../../kubernetes/events.ts";
import { createClient } from "../../kubernetes/http-client.ts";
import { createHttpsTransport } from "../../kubernetes/https-transport.ts";
import { type ClusterAccess, loadKubeconfig } from "../../kubernetes/kubeconfig.ts";
import { startReflector } from "../../kubernetes/list-watch.ts";
import { nodes, pods, services } from "../../kubernetes/resource.ts";
import type { Node, Pod, Service } from "../../kubernetes/types.ts";
import type { Logger } from "../../role/log.ts";
import { type ClusterConfig, nodeRoot, worldPaths } from "../config.ts";
import { startDns } from "../dns/start.ts";
import { ContainerLogs } from "../pods/container-logs.ts";
import type { NodeContext } from "../pods/context.ts";
import { DemoClient } from "../pods/demo-client.ts";
import { nodeAddress, PodNetworks } from "../pods/networks.ts";
import { PodManager } from "../pods/pod-manager.ts";
import { ContainerRuntime } from "../pods/runtime.ts";
import { StatusWriter } from "../pods/status-writer.ts";
import { PodVolumes } from "../pods/volumes.ts";
import { hostMounts } from "./host-mounts.ts";
import { imageSource } from "./image-source.ts";
import { WatchedObjects } from "./objects.ts";
import { Registration, readNodeFacts } from "./registration.ts";
import { enableForwarding, masqueradeBeyondPods, PodRoutes, routeServices } from "./routes.ts";
import { startAgentServer } from "./server.ts";

export interface AgentOptions {
  config: ClusterConfig;
  node: string;
  log: Logger;
}

export interface Agent {
  pods: PodManager;
  context: NodeContext;
  /** Stops the agent; Pods go on. */
  stop(): Promise<void>;
}

/**
 * Runs the agent of one node, inside of that node's namespaces. First what needs no API: adopt the Pods that run already. Then
 * register, and follow the Pods that are bound to the node.
 */
export async function startAgent({ config, node, log }: AgentOptions): Promise<Agent> {
  const nodeIP = await waitForAddress();
  await enableForwarding();
  await routeServices(config.serviceCIDR, nodeIP);
  const runtime = new ContainerRuntime(nodeRoot, {
    extraMounts: await hostMounts(),
    masks: config.dataDir === undefined ? [] : [config.dataDir],
  });
  const access = await waitForKubeconfig(worldPaths(config).agentKubeconfig(node), log);
  const client = createClient(createHttpsTransport(access), { userAgent: "fairway-agent" });
  const problem = (error: Error, what: string) => log.warn({ err: error }, what);
  const nodeCache = startReflector<Node>(client, nodes, {
    onError: (error) => problem(error, "cannot follow the nodes"),
  });
  const serviceCache = startReflector<Service>(client, services, {
    onError: (error) => problem(error, "cannot follow the services"),
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
    nodeIP,
    onError: (error, pod) =>
      log.warn({ err: error, pod: pod.metadata?.name }, "cannot refresh a volume; its old content stays"),
  });
  const networks = new PodNetworks(runtime.paths.addresses);
  // Before the demo server hears what it should go on serving, that must be known.
  await runtime.open();
  const demo = new DemoClient({
    socketPath: runtime.paths.demoSocket,
    wanted: () => runningDemos(runtime),
    onLost: (ids) =>
      ids.forEach(
        (id) =>
          void endDemo(runtime, id, {
            code: 137,
            reason: "Error",
            message: "the demo server of this node died",
            blameless: true,
          }),
      ),
    onExit: (id, code) => void endDemo(runtime, id, { code }),
  });
  const context: NodeContext = {
    config,
    nodeName: node,
    nodeIP,
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
      log.warn({ err: error, pod: pod.metadata?.name }, "cannot write a Pod's status"),
    ),
    volumes,
    objects,
    images: imageSource(config, log),
    services: () => serviceCache.list(),
    node: () => own() ?? {},
  };
  await context.logs.open();
  const manager = new PodManager(context);
  await manager.adopt();
  demo.open();
  const registration = new Registration({
    client,
    nodes: nodeCache,
    facts: await readNodeFacts(node, nodeIP),
    problem: () => (networks.ready ? undefined : "container runtime network not ready: the node has no podCIDR yet"),
    renewInterval: config.timings.leaseRenewInterval,
    log,
  });
  nodeCache.subscribe(({ object }) => {
    const { podCIDR } = object.spec ?? {};
    if (object.metadata?.name !== node || !podCIDR || networks.ready) return;
    void networks.open(podCIDR).then(
      () => {
        masqueradeBeyondPods(podCIDR, config.podCIDR).catch((error: Error) =>
          log.error({ err: error }, "Pods cannot leave the Pod network"),
        );
        registration.assert();
        manager.wakeAll();
      },
      (error) => log.error({ err: error }, "cannot use the node's podCIDR"),
    );
  });
  new PodRoutes(nodeCache, node, log);
  const server = await startAgentServer({ pods: manager, context });
  const dns = await startDns({ address: nodeIP, client, services: serviceCache, config, log });
  const podCache = startReflector<Pod>(client, pods, {
    fieldSelector: `spec.nodeName=${node}`,
    onError: (error) => problem(error, "cannot follow the Pods"),
  });
  await registration.start();
  // A container's environment is made of the Services: none may start before they are known.
  void serviceCache.synced.then(() => manager.follow(podCache));
  log.info({ address: nodeIP }, "node agent runs");
  return {
    pods: manager,
    context,
    async stop() {
      server.close();
      server.closeAllConnections();
      await dns.stop();
      registration.stop();
      podCache.stop();
      nodeCache.stop();
      serviceCache.stop();
      manager.close();
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

function runningDemos(runtime: ContainerRuntime): string[] {
  const running = runtime.list().filter(({ spec, exit }) => spec.launch.kind === "demo" && exit === undefined);
  return running.map(({ spec }) => spec.id);
}

async function endDemo(
  runtime: ContainerRuntime,
  id: string,
  verdict: Parameters<ContainerRuntime["signal"]>[2],
): Promise<void> {
  const container = runtime.get(id);
  if (container !== undefined) await runtime.signal(container, "SIGKILL", verdict);
}

/** The machine's network may come up a moment after its first process. */
async function waitForAddress(): Promise<string> {
  for (let tries = 0; tries < 400; tries += 1) {
    const address = nodeAddress();
    if (address !== undefined) return address;
    await sleep(25);
  }
  throw new Error("eth0 has had no IPv4 address for 10 s: fairway agent runs inside of a node machine");
}

/** The world's keys may be written while the node starts. */
async function waitForKubeconfig(path: string, log: Logger): Promise<ClusterAccess> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await loadKubeconfig(path);
    } catch (error) {
      if (tries >= 400) throw error;
      if (tries === 40) log.warn({ err: error }, "waits for the kubeconfig");
      await sleep(25);
    }
  }
}

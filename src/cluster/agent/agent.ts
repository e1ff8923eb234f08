import { startReflector } from "../../kubernetes/list-watch.ts";
import { pods } from "../../kubernetes/resource.ts";
import type { Pod } from "../../kubernetes/types.ts";
import { startDns } from "../dns/start.ts";
import type { NodeContext } from "../pods/context.ts";
import { PodManager } from "../pods/pod-manager.ts";
import { enableForwarding, masqueradeBeyondPods, routeServices } from "./node-network.ts";
import { ownPodCIDRs, zoneOf } from "./node-object.ts";
import { type AgentOptions, createParts } from "./parts.ts";
import { Registration, readNodeFacts } from "./registration.ts";
import { PodRoutes } from "./routes.ts";
import { startAgentServer } from "./server.ts";

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
  await enableForwarding(config.ipv6 !== undefined);
  const parts = await createParts({ config, node, log });
  const { context, nodes: nodeCache, services: serviceCache } = parts;
  const { client, networks, nodeIPs } = context;
  const [nodeIP] = nodeIPs;
  const registration = new Registration({
    client,
    nodes: nodeCache,
    facts: { ...(await readNodeFacts(node, nodeIPs)), zone: zoneOf(config, nodeIP) },
    problem: () => (networks.ready ? undefined : "container runtime network not ready: the node has no podCIDR yet"),
    renewInterval: config.timings.leaseRenewInterval,
    log,
  });
  // The control plane takes a while to give a new node its podCIDRs; what is done here meanwhile needs no API.
  const registered = registration.register();
  /** By family, the primary one first. */
  const ranges = [config, ...(config.ipv6 === undefined ? [] : [config.ipv6])];
  const isFirst = await routeServices(ranges.map(({ serviceCIDR }, index) => [serviceCIDR, nodeIPs[index]!]));
  const manager = new PodManager(context);
  await manager.adopt();
  context.demo.open();
  let opening = false;
  nodeCache.subscribe(({ object }) => {
    if (object.metadata?.name !== node || networks.ready || opening) return;
    const podCIDRs = ownPodCIDRs(object, config);
    if (podCIDRs === undefined) return;
    opening = true;
    void networks.open(podCIDRs[0], podCIDRs[1]).then(
      () => {
        Promise.all(podCIDRs.map((own, index) => masqueradeBeyondPods(own, ranges[index]!.podCIDR, isFirst))).catch(
          (error: Error) => log.error({ err: error }, "Pods cannot leave the Pod network"),
        );
        registration.assert();
        manager.wakeAll();
      },
      (error) => {
        opening = false;
        log.error({ err: error }, "cannot use the node's podCIDRs");
      },
    );
  });
  new PodRoutes(nodeCache, node, log, isFirst ? new Map() : undefined);
  const server = await startAgentServer({ pods: manager, context });
  const dns = await startDns({ address: nodeIP, client, services: serviceCache, config, log });
  const podCache = startReflector<Pod>(client, pods, {
    fieldSelector: `spec.nodeName=${node}`,
    onError: parts.trouble.of(pods.plural),
  });
  await registered;
  registration.start();
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
      manager.close();
      await parts.close();
    },
  };
}

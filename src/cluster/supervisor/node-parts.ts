import { type ClusterConfig, worldPaths } from "../config.ts";
import type { PartSpec } from "./kept-machine.ts";
import { fairway } from "./process.ts";

/** The processes of one node. Each reaches the cluster through a kubeconfig of its own. */
export function nodeParts(config: ClusterConfig, node: string, proxyMode: string): PartSpec[] {
  const common = ["--config", worldPaths(config).config, "--node", node];
  return [
    { name: "demo-server", command: [...fairway, "demo-server", ...common] },
    { name: "agent", command: [...fairway, "agent", ...common] },
    proxyPart(config, node, proxyMode),
  ];
}

/** The proxy is started as on a real node. */
export function proxyPart(config: ClusterConfig, node: string, mode: string): PartSpec {
  return {
    name: "proxy",
    command: [
      ...fairway,
      "proxy",
      "--kubeconfig",
      worldPaths(config).proxyKubeconfig(node),
      "--hostname-override",
      node,
      "--proxy-mode",
      mode,
      "--cluster-cidr",
      [config.podCIDR, ...(config.ipv6 === undefined ? [] : [config.ipv6.podCIDR])].join(),
      // Kubernetes' second is for clusters of thousands of Services; here what changes is seen at once.
      "--iptables-min-sync-period",
      "100ms",
      // The machine is somebody's own: its limits and its choice among processes when memory is short are not ours to change.
      "--conntrack-max-per-core",
      "0",
      "--oom-score-adj",
      "0",
    ],
  };
}

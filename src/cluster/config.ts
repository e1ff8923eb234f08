import { join } from "node:path";

/** What a cluster is made with. Written once by the supervisor as JSON, read by every part; a part never guesses. */
export interface ClusterConfig {
  /** Instance id: several clusters live side by side by it. RFC 1123 label, at most 11 characters (interface names are made of it). */
  name: string;
  /** The network of the nodes, host side included: a /24, "198.18.0.0/24". RFC 2544's benchmark range is on nobody's LAN. */
  nodeCIDR: string;
  /** 10.32.0.0/12; every node gets a /22 of it. */
  podCIDR: string;
  /** 10.96.0.0/12; 10.96.0.1 is the `kubernetes` Service, 10.96.0.10 DNS. */
  serviceCIDR: string;
  /** The ranges of the second family; absent: the cluster has IPv4 only. */
  ipv6?: IPv6Ranges;
  /** [first, last], 30000-32767. */
  nodePortRange: [number, number];
  /** The host's end of the link into the cluster: first address of nodeCIDR. */
  hostAddress: string;
  /** Second address of nodeCIDR; the API server listens on it at apiPort. Nodes are numbered from the 10th address on. */
  apiAddress: string;
  apiPort: number;
  /** Names of the nodes that the cluster starts with; absent: none is waited for. */
  firstNodes?: string[];
  /** Zones of the nodes, dealt out in turn in the order of their addresses; absent: nodes are in no zone. */
  zones?: string[];
  clusterDomain: string;
  dnsAddress: string;
  timings: Timings;
  /** Directory of what must outlive the cluster (journal, CA, keys); absent: the world's own, gone with it. */
  dataDir?: string;
  /** File with more images for the image table (docs/images.md). */
  imagesFile?: string;
}

/** Beside each IPv4 range one of IPv6. What has a place in nodeCIDR has the same place in both. */
export interface IPv6Ranges {
  /** A /64: "fd00:198:18::/64". */
  nodeCIDR: string;
  /** fd00:10:32::/48; every node gets a /64 of it. */
  podCIDR: string;
  /** fd00:10:96::/108, which is as many addresses as Kubernetes takes. */
  serviceCIDR: string;
}

/** Nodes have the addresses of nodeCIDR from this one on. */
export const firstNodeOffset = 10;

/** How fast a dead node is noticed. All in milliseconds. Kubernetes' own: renew 10 s, grace 40 s (50 s since 1.32), eviction 300 s. */
export interface Timings {
  leaseRenewInterval: number;
  /** Without a renewed lease for this long a node is NotReady and its Pods leave the endpoints. */
  nodeMonitorGrace: number;
  /** How long Pods stay bound to a NotReady node before they are deleted (tolerationSeconds of the default tolerations). */
  podEviction: number;
}

/**
 * Where things lie. `host` is a directory on the host's /run that holds only what a person needs from outside (kubeconfig, control
 * socket, logs). `world` is a tmpfs of the cluster's own mount namespace: it and every secret in it go with the last process.
 * A machine (a node, the API server's) sees both, and a /run of its own.
 */
export const hostRoot = "/run/fairway";
export const worldRoot = "/run/fairway-world";
/** On a node's own /run: state of its agent, control socket of its demo server, directories of its Pods. */
export const nodeRoot = "/run/fairway-node";

export function hostPaths(name: string) {
  const root = join(hostRoot, name);
  return {
    root,
    kubeconfig: join(root, "kubeconfig"),
    control: join(root, "control.sock"),
    /** JSON: SupervisorInfo. */
    info: join(root, "supervisor.json"),
    logs: join(root, "log"),
  };
}

export function worldPaths(config?: Pick<ClusterConfig, "dataDir">) {
  const data = config?.dataDir ?? join(worldRoot, "data");
  return {
    config: join(worldRoot, "config.json"),
    /** ca.crt ca.key apiserver.crt apiserver.key service-accounts.key service-accounts.pub kubelet-client.crt kubelet-client.key */
    pki: join(data, "pki"),
    journal: join(data, "journal.sqlite"),
    /** The kubeconfigs of one node's parts, and its serving certificate (node.crt, node.key). */
    node: (node: string) => join(worldRoot, "nodes", node),
    agentKubeconfig: (node: string) => join(worldRoot, "nodes", node, "agent.kubeconfig"),
    proxyKubeconfig: (node: string) => join(worldRoot, "nodes", node, "proxy.kubeconfig"),
  };
}

export const nodePaths = {
  demoSocket: join(nodeRoot, "demo.sock"),
  pods: join(nodeRoot, "pods"),
};

/** Port of the node agent's HTTPS server (logs, exec), as kubelet's. */
export const agentPort = 10250;

/** What packets may meet in one mode and not in the others: the whole list (docs/mode-differences.md says it to people). Everything else of the packet tests binds in every mode. */
export interface Differences {
  /** Endpoints see the client's own address where policy and place do not ask for masquerading. */
  keepsClientAddress: boolean;
  /** Node ports answer on 127.0.0.1. */
  localhostNodePorts: boolean;
  /** Established TCP connections outlive the proxy's process. */
  outlivesProcess: boolean;
  /** Under externalTrafficPolicy Local, Pods and the node itself reach endpoints of other nodes too, though this node has some. */
  choosesByClient: boolean;
  /** With nobody on this node internalTrafficPolicy Local drops, also where external traffic may go to other nodes. */
  staysInternal: boolean;
  /** UDP flows stay with an endpoint that still serves on its way out. */
  keepsLeavingFlows: boolean;
}

const kernel = {
  keepsClientAddress: true,
  outlivesProcess: true,
  choosesByClient: true,
  staysInternal: true,
  keepsLeavingFlows: true,
};

export const differences = {
  iptables: { ...kernel, localhostNodePorts: true },
  // As in kube-proxy's nftables mode.
  nftables: { ...kernel, localhostNodePorts: false },
  // A virtual server has one list of endpoints for all of its clients, which UDP endpoints leave at once, and loopback ones cannot be
  // translated: as in kube-proxy's ipvs mode.
  ipvs: {
    ...kernel,
    localhostNodePorts: false,
    choosesByClient: false,
    staysInternal: false,
    keepsLeavingFlows: false,
  },
  // Connections end in the proxy, and others begin there. It has no SCTP either.
  userspace: { ...kernel, localhostNodePorts: true, keepsClientAddress: false, outlivesProcess: false },
} as const satisfies Record<string, Differences>;

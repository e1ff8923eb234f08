/** What packets may meet in one mode and not in the others: the whole list (docs/mode-differences.md says it to people). Everything else of the packet tests binds in every mode. */
export interface Differences {
  /** Endpoints see the client's own address where policy and place do not ask for masquerading. */
  keepsClientAddress: boolean;
  /** Node ports answer on 127.0.0.1. */
  localhostNodePorts: boolean;
  /** Established TCP connections outlive the proxy's process. */
  outlivesProcess: boolean;
}

export const differences = {
  iptables: { keepsClientAddress: true, localhostNodePorts: true, outlivesProcess: true },
  // As in kube-proxy's nftables mode.
  nftables: { keepsClientAddress: true, localhostNodePorts: false, outlivesProcess: true },
  // Connections end in the proxy, and others begin there. It has no SCTP either, of which no mode's packets are sent here.
  userspace: { keepsClientAddress: false, localhostNodePorts: true, outlivesProcess: false },
} as const satisfies Record<string, Differences>;

import type { Family } from "../../../ip/address.ts";
import type { LocalTraffic } from "../local-traffic.ts";

/** What the rules of one address family depend on besides the table. */
export interface IptablesConfig {
  family: Family;
  /** The bit that asks for masquerading, 0x4000 by default. Only this bit is set, tested and cleared: others use marks too. */
  mark: number;
  masqueradeAll: boolean;
  /** Absent: no traffic counts as a Pod's, and nothing is masqueraded for coming from elsewhere. */
  localTraffic?: LocalTraffic;
  /** Node ports answer on 127.0.0.1 too (IPv4 only; needs the route_localnet sysctl). */
  localhostNodePorts: boolean;
  /** The addresses that node ports answer on; absent: all of the node's. */
  nodePortAddresses?: readonly string[];
  /** Masquerade with a random source port (iptables 1.6.2 and newer): two clients' parallel flows clash less. */
  randomFully: boolean;
  /** Drop what conntrack calls invalid; off when nf_conntrack_tcp_be_liberal is set. */
  dropInvalid: boolean;
  /** False: ports of SCTP are left out, because the kernel cannot tell them apart. */
  sctp?: boolean;
  /** The kernel counts what was dropped as invalid, and what came to node ports on localhost (counters.ts). */
  counters?: boolean;
  /**
   * Service ports are translated to sockets of this node at this address (modes/userspace) instead of endpoints: nothing is forwarded, so
   * nothing is masqueraded, and nobody may speak to the sockets who was not sent there.
   */
  socketAddress?: string;
}

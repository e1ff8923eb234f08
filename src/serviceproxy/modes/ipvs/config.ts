import type { Family } from "../../../ip/address.ts";
import type { Prefix } from "../../../ip/prefix.ts";
import type { LocalTraffic } from "../local-traffic.ts";

/** What the kernel's objects of one address family depend on besides the table. */
export interface IpvsConfig {
  family: Family;
  /** The bit that asks for masquerading, 0x4000 by default. Only this bit is set, tested and cleared: others use marks too. */
  mark: number;
  masqueradeAll: boolean;
  /** Absent: no traffic counts as a Pod's, and nothing is masqueraded for coming from elsewhere. */
  localTraffic?: LocalTraffic;
  /** The addresses that node ports answer on; absent: all of the node's but loopback ones. */
  nodePortAddresses?: readonly string[];
  /** Masquerade with a random source port (iptables 1.6.2 and newer): two clients' parallel flows clash less. */
  randomFully: boolean;
  /** How IPVS chooses, as `ipvsadm` names it: "rr", "wlc" … */
  scheduler: string;
  /** Virtual servers at these addresses are somebody else's and left alone. */
  excluded: readonly Prefix[];
}

import type { Family } from "../../../ip/address.ts";
import type { LocalTraffic } from "../local-traffic.ts";

/** What the fixed rules of one address family depend on besides the table. */
export interface NftablesConfig {
  family: Family;
  /** The bit that asks for masquerading, 0x4000 by default. Only this bit is set, tested and cleared: others use marks too. */
  mark: number;
  masqueradeAll: boolean;
  /** Absent: no traffic counts as a Pod's, and nothing is masqueraded for coming from elsewhere. */
  localTraffic?: LocalTraffic;
  /** The addresses that node ports answer on; absent: all of the node's but loopback. */
  nodePortAddresses?: readonly string[];
  /** Where cluster addresses come from: what goes to one that no Service has is dropped. */
  serviceCIDRs: readonly string[];
}

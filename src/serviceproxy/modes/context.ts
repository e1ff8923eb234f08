import type { Address } from "../../ip/address.ts";
import type { Logger } from "../../role/log.ts";
import type { ProxySettings } from "../config/settings.ts";
import type { LocalTrafficByFamily } from "./local-traffic.ts";

/** What may change while the proxy runs; asked for at each full sync. */
export interface Surroundings {
  /** The node's own, the primary one of each family first. */
  nodeAddresses: readonly Address[];
  /** Where the API takes cluster addresses from: prefixes, of both families. */
  serviceCIDRs: readonly string[];
}

export interface ModeContext {
  settings: ProxySettings;
  localTraffic: LocalTrafficByFamily;
  surroundings: () => Surroundings;
  log: Logger;
}

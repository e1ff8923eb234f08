/**
 * kube-proxy's flags (cmd/kube-proxy/app/options.go of Kubernetes 1.36, and the userspace mode's of 1.25) and where each goes. What a
 * value may be is checked with the whole configuration (../validate.ts); here only whether it is of the right kind.
 */
import { conntrackFlags } from "./conntrack.ts";
import type { Flag } from "./flag.ts";
import { formerFlags } from "./former.ts";
import { ipvsFlags } from "./ipvs.ts";
import { logFlags } from "./logs.ts";
import { processFlags } from "./process.ts";
import { serverFlags } from "./servers.ts";
import { trafficFlags } from "./traffic.ts";
import { userspaceFlags } from "./userspace.ts";

/** In the order of the help. */
export const flags: Readonly<Record<string, Flag>> = {
  ...processFlags,
  ...trafficFlags,
  ...ipvsFlags,
  ...userspaceFlags,
  ...serverFlags,
  ...conntrackFlags,
  ...logFlags,
  ...formerFlags,
};

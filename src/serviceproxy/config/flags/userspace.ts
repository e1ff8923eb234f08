/** Of the userspace mode alone (kube-proxy's of Kubernetes 1.25). */
import { type Flag, field } from "./flag.ts";
import { duration, string } from "./readers.ts";

export const userspaceFlags: Readonly<Record<string, Flag>> = {
  "proxy-port-range": field("RANGE", "ports that the userspace mode listens on (any)", string, (into, value) => {
    into.portRange = value;
  }),
  "udp-timeout": field(
    "DURATION",
    "how long the userspace mode keeps an idle UDP flow (250ms)",
    duration,
    (into, value) => {
      into.udpIdleTimeout = value;
    },
  ),
};

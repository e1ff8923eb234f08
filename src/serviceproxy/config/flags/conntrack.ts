/** The kernel's table of connections. */
import { type Flag, field } from "./flag.ts";
import { boolean, duration, integer } from "./readers.ts";

export const conntrackFlags: Readonly<Record<string, Flag>> = {
  "conntrack-max-per-core": field(
    "NUMBER",
    "connections that the kernel can follow, for each core; 0 leaves it (32768)",
    integer,
    (into, value) => {
      into.conntrack.maxPerCore = value;
    },
  ),
  "conntrack-min": field("NUMBER", "the least of them all together (131072)", integer, (into, value) => {
    into.conntrack.min = value;
  }),
  "conntrack-tcp-timeout-established": field(
    "DURATION",
    "how long conntrack keeps an idle TCP connection; 0 leaves it (24h)",
    duration,
    (into, value) => {
      into.conntrack.tcpEstablishedTimeout = value;
    },
  ),
  "conntrack-tcp-timeout-close-wait": field("DURATION", "the same in CLOSE_WAIT (1h)", duration, (into, value) => {
    into.conntrack.tcpCloseWaitTimeout = value;
  }),
  "conntrack-tcp-be-liberal": field(
    undefined,
    "conntrack takes TCP packets outside of their window for valid",
    boolean,
    (into, value) => {
      into.conntrack.tcpBeLiberal = value;
    },
  ),
  "conntrack-udp-timeout": field(
    "DURATION",
    "how long conntrack keeps an unanswered UDP flow; 0 leaves it",
    duration,
    (into, value) => {
      into.conntrack.udpTimeout = value;
    },
  ),
  "conntrack-udp-timeout-stream": field(
    "DURATION",
    "the same for an answered one; 0 leaves it",
    duration,
    (into, value) => {
      into.conntrack.udpStreamTimeout = value;
    },
  ),
};

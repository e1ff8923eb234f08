/** Of the ipvs mode alone. */
import { type Flag, field } from "./flag.ts";
import { boolean, duration, string, strings } from "./readers.ts";

export const ipvsFlags: Readonly<Record<string, Flag>> = {
  "ipvs-sync-period": field("DURATION", "the same for ipvs (30s)", duration, (into, value) => {
    into.ipvs.syncPeriod = value;
  }),
  "ipvs-min-sync-period": field("DURATION", "the same for ipvs (0s)", duration, (into, value) => {
    into.ipvs.minSyncPeriod = value;
  }),
  "ipvs-scheduler": field("NAME", "how ipvs chooses an endpoint (rr)", string, (into, value) => {
    into.ipvs.scheduler = value;
  }),
  "ipvs-exclude-cidrs": field("CIDRS", "virtual servers that ipvs leaves alone", strings, (into, value) => {
    into.ipvs.excludeCIDRs = value;
  }),
  "ipvs-strict-arp": field(
    undefined,
    "answer ARP for Services' addresses on the holder's interface only",
    boolean,
    (into, value) => {
      into.ipvs.strictARP = value;
    },
  ),
  "ipvs-tcp-timeout": field("DURATION", "of idle TCP connections in ipvs; 0 leaves it", duration, (into, value) => {
    into.ipvs.tcpTimeout = value;
  }),
  "ipvs-tcpfin-timeout": field(
    "DURATION",
    "of closing TCP connections in ipvs; 0 leaves it",
    duration,
    (into, value) => {
      into.ipvs.tcpFinTimeout = value;
    },
  ),
  "ipvs-udp-timeout": field("DURATION", "of UDP flows in ipvs; 0 leaves it", duration, (into, value) => {
    into.ipvs.udpTimeout = value;
  }),
};

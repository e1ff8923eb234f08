import type { Logger } from "../../../role/log.ts";
import type { Metrics } from "../../../role/metrics.ts";
import type { Abilities } from "./abilities.ts";

/** Of kube-proxy 1.36, so that tools which read them (nfacct list) find them. */
export const counterNames = {
  invalidDropped: "ct_state_invalid_dropped_pkts",
  localhostAccepted: "localhost_nps_accepted_pkts",
} as const;

/**
 * Shows the kernel's counters by kube-proxy's names. Rules feed them from the first scrape on, and `changed` tells that rules are other ones
 * now: a proxy that nobody scrapes pays nothing for them.
 */
export function addCounterMetrics(metrics: Metrics, abilities: Abilities, log: Logger, changed: () => void): void {
  let begun = false;
  const begin = async () => {
    begun = true;
    const { PacketCounters } = await import("../../../linux/nfacct.ts");
    const counters = new PacketCounters();
    try {
      for (const name of Object.values(counterNames)) counters.ensure(name);
      abilities.useCounters(counters);
      changed();
    } catch (error) {
      counters.close();
      // CONFIG_NETFILTER_NETLINK_ACCT
      log.info({ error: (error as Error).message }, "this kernel counts no packets for rules (nfacct)");
    }
  };
  const show = (name: string, help: string, counter: string) =>
    metrics.observed(`kubeproxy_iptables_${name}_packets_total`, help, "counter", () => {
      if (!begun) begin().catch((error: Error) => log.warn({ err: error }, "packets are not counted"));
      return [{ value: abilities.counters?.packets(counter) ?? 0, labels: {} }];
    });
  show(
    "ct_state_invalid_dropped",
    "Packets dropped because conntrack calls them invalid.",
    counterNames.invalidDropped,
  );
  show("localhost_nodeports_accepted", "Packets that came to node ports on localhost.", counterNames.localhostAccepted);
}

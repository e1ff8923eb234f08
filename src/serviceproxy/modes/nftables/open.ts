import { access } from "node:fs/promises";
import type { Address, Family } from "../../../ip/address.ts";
import { disjointPrefixes, formatPrefix, parsePrefix } from "../../../ip/prefix.ts";
import { KernelTable } from "../../../linux/nftables/kernel-table.ts";
import { TableMonitor } from "../../../linux/nftables/monitor.ts";
import type { Metrics } from "../../../role/metrics.ts";
import { nodePortAddresses } from "../../node-port-addresses.ts";
import type { LocalTraffic } from "../local-traffic.ts";
import { NftablesMode } from "./mode.ts";
import { serviceSchema } from "./schema.ts";
import { checkSupport } from "./support.ts";

export interface NftablesSettings {
  masqueradeAll: boolean;
  masqueradeBit: number;
  localTraffic: Partial<Record<Family, LocalTraffic>>;
  /** Prefixes, or the one word "primary", which also is what none means here, as in kube-proxy. */
  nodePortAddresses: readonly string[];
}

export interface OpenNftables {
  modes: NftablesMode[];
  /** Of the `nft` program. */
  version: string;
  /** Whether somebody else changed a table since the last sync: how often that happened, else 0. A few microseconds. */
  damages(): number;
  close(): void;
  addMetrics(metrics: Metrics): void;
}

/** What may change while the proxy runs; asked for at each full sync. */
export interface NftablesSurroundings {
  nodeAddresses: readonly Address[];
  /** Prefixes, of both families. */
  serviceCIDRs: readonly string[];
}

/** Opens the mode for the families that this kernel has. */
export async function openNftables(
  settings: NftablesSettings,
  surroundings: () => NftablesSurroundings,
): Promise<OpenNftables> {
  const version = await checkSupport();
  const hasSix = await access("/proc/net/if_inet6").then(
    () => true,
    () => false,
  );
  const ranges = settings.nodePortAddresses.length === 0 ? ["primary"] : settings.nodePortAddresses;
  const opened = (hasSix ? ([4, 6] as const) : ([4] as const)).map((family) => {
    const table = new KernelTable(serviceSchema(family));
    const monitor = new TableMonitor(table.schema, table.port);
    const config = () => {
      const { nodeAddresses, serviceCIDRs } = surroundings();
      return {
        family,
        mark: 2 ** settings.masqueradeBit,
        masqueradeAll: settings.masqueradeAll,
        localTraffic: settings.localTraffic[family],
        nodePortAddresses: nodePortAddresses(ranges, family, nodeAddresses),
        serviceCIDRs: prefixesOf(family, serviceCIDRs),
      };
    };
    return { table, monitor, mode: new NftablesMode(table, config, monitor) };
  });
  return {
    modes: opened.map(({ mode }) => mode),
    version,
    damages() {
      const isDamaged = opened.filter(({ monitor }) => monitor.isDamaged()).length > 0;
      return isDamaged ? opened.reduce((sum, { monitor }) => sum + monitor.damages, 0) : 0;
    },
    addMetrics(metrics) {
      const help = "Times that the kernel still held on to chains and sets that nothing leads to.";
      metrics.observed("kubeproxy_sync_proxy_rules_nftables_cleanup_failures_total", help, "counter", () =>
        opened.map(({ mode }) => ({ value: mode.cleanupFailures, labels: { ip_family: `IPv${mode.family}` } })),
      );
    },
    close() {
      for (const { table, monitor } of opened) {
        table.close();
        monitor.close();
      }
    },
  };
}

/** The prefixes of one family in canonical form, none inside another; what is no prefix is left out. */
function prefixesOf(family: Family, texts: readonly string[]): string[] {
  const prefixes = texts
    .map(parsePrefix)
    .filter((prefix) => prefix?.family === family)
    .map((prefix) => prefix!);
  return disjointPrefixes(prefixes).map(formatPrefix);
}

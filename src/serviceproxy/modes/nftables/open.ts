import { access } from "node:fs/promises";
import type { Address, Family } from "../../../ip/address.ts";
import { run } from "../../../linux/command.ts";
import { KernelTable } from "../../../linux/nftables/kernel-table.ts";
import { TableMonitor } from "../../../linux/nftables/monitor.ts";
import { nodePortAddresses } from "../../node-port-addresses.ts";
import type { LocalTraffic } from "../local-traffic.ts";
import { NftablesMode } from "./mode.ts";
import { serviceSchema } from "./schema.ts";

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
  /** Whether somebody else changed a table since the last sync. A few microseconds. */
  isDamaged(): boolean;
  close(): void;
}

/** Opens the mode for the families that this kernel has. `nodeAddresses` are asked for at each full sync. */
export async function openNftables(
  settings: NftablesSettings,
  nodeAddresses: () => readonly Address[],
): Promise<OpenNftables> {
  const version = await run("nft", ["--version"]).catch((error: Error) => {
    throw new Error(`nft cannot be run; install the package "nftables": ${error.message}`, { cause: error });
  });
  const hasSix = await access("/proc/net/if_inet6").then(
    () => true,
    () => false,
  );
  const ranges = settings.nodePortAddresses.length === 0 ? ["primary"] : settings.nodePortAddresses;
  const opened = (hasSix ? ([4, 6] as const) : ([4] as const)).map((family) => {
    const table = new KernelTable(serviceSchema(family));
    const monitor = new TableMonitor(table.schema, table.port);
    const config = () => ({
      family,
      mark: 2 ** settings.masqueradeBit,
      masqueradeAll: settings.masqueradeAll,
      localTraffic: settings.localTraffic[family],
      nodePortAddresses: nodePortAddresses(ranges, family, nodeAddresses()),
      serviceCIDRs: [],
    });
    return { table, monitor, mode: new NftablesMode(table, config, monitor) };
  });
  return {
    modes: opened.map(({ mode }) => mode),
    version: version.trim(),
    isDamaged: () => opened.some(({ monitor }) => monitor.isDamaged()),
    close() {
      for (const { table, monitor } of opened) {
        table.close();
        monitor.close();
      }
    },
  };
}

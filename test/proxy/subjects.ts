/** The kernel's modes as tests open them and look at what they wrote, all families at once. */
import { run } from "../../src/linux/command.ts";
import { type Backend, findIptables } from "../../src/linux/iptables.ts";
import { KernelTable } from "../../src/linux/nftables/kernel-table.ts";
import { TableMonitor } from "../../src/linux/nftables/monitor.ts";
import { createIptablesMode } from "../../src/serviceproxy/modes/iptables/mode.ts";
import { parseSave } from "../../src/serviceproxy/modes/iptables/save.ts";
import type { Mode } from "../../src/serviceproxy/modes/mode.ts";
import { NftablesMode } from "../../src/serviceproxy/modes/nftables/mode.ts";
import { serviceSchema } from "../../src/serviceproxy/modes/nftables/schema.ts";
import { expandConfig } from "../../src/serviceproxy/testing/iptables-fixture.ts";
import { sortShared } from "../../src/serviceproxy/testing/rules-model.ts";
import { addresses } from "../support/topology.ts";

export interface OpenKernel {
  modes: Mode[];
  close(): void;
}
export interface Subject {
  name: string;
  open(): Promise<OpenKernel>;
  /** Everything that is there, in sorted lines that compare. */
  dump(): Promise<string[]>;
}

const families = [4, 6] as const;

function configOf(family: 4 | 6) {
  return expandConfig(family === 4 ? { local: "10.0.0.0/8" } : { family, local: "fd00:1::/64" });
}

function iptables(backend: Backend): Subject {
  return {
    name: `iptables-${backend}`,
    async open() {
      const modes = families.map(async (family) => {
        const config = configOf(family);
        return createIptablesMode(await findIptables(family, backend), () => config);
      });
      return { modes: await Promise.all(modes), close: () => {} };
    },
    async dump() {
      const lines: string[] = [];
      for (const family of families) {
        const kernel = await findIptables(family, backend);
        for (const table of ["filter", "nat", "mangle"] as const)
          for (const [chain, rules] of parseSave(await kernel.save(table)))
            lines.push(`${family} ${table} ${chain}: ${sortShared(chain, rules).join("; ")}`);
      }
      return lines.sort();
    },
  };
}

const nftables: Subject = {
  name: "nftables",
  async open() {
    const opened = families.map((family) => {
      const { mark, masqueradeAll, localTraffic } = configOf(family);
      const table = new KernelTable(serviceSchema(family));
      const monitor = new TableMonitor(table.schema, table.port);
      const nodePortAddresses = family === 4 ? [addresses.node] : [];
      const config = { family, mark, masqueradeAll, localTraffic, nodePortAddresses, serviceCIDRs: [] };
      return { table, monitor, mode: new NftablesMode(table, () => config, monitor) };
    });
    return {
      modes: opened.map(({ mode }) => mode),
      close() {
        for (const { table, monitor } of opened) {
          table.close();
          monitor.close();
        }
      },
    };
  },
  async dump() {
    const listing = JSON.parse(await run("nft", ["--json", "list", "ruleset"])) as { nftables: object[] };
    const places = new Map<string, number>();
    const lines = listing.nftables.flatMap((object) => {
      if ("metainfo" in object) return [];
      // Handles count what was made before; elements come in any order.
      const text = JSON.stringify(object, (key, value) => {
        if (key === "handle") return undefined;
        return key === "elem" && Array.isArray(value) ? value.map((entry) => JSON.stringify(entry)).sort() : value;
      });
      if (!("rule" in object)) return [text];
      const { family, chain } = object.rule as { family: string; chain: string };
      const place = (places.get(`${family} ${chain}`) ?? 0) + 1;
      places.set(`${family} ${chain}`, place);
      return [`${place} ${text}`];
    });
    return lines.sort();
  },
};

export const subjects: readonly Subject[] = [iptables("nft"), iptables("legacy"), nftables];

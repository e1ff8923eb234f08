/** The kernel's modes as tests open them and look at what they wrote, all families at once. */
import { run } from "../../src/linux/command.ts";
import { Ipset } from "../../src/linux/ipset/ipset.ts";
import { type Backend, findIptables } from "../../src/linux/iptables.ts";
import { Ipvs } from "../../src/linux/ipvs/ipvs.ts";
import { virtualKey } from "../../src/linux/ipvs/server.ts";
import { KernelTable } from "../../src/linux/nftables/kernel-table.ts";
import { TableMonitor } from "../../src/linux/nftables/monitor.ts";
import { DeviceAddresses } from "../../src/linux/rtnetlink/addresses.ts";
import { createIptablesMode } from "../../src/serviceproxy/modes/iptables/mode.ts";
import { parseSave } from "../../src/serviceproxy/modes/iptables/save.ts";
import { device, setKinds, setSchema } from "../../src/serviceproxy/modes/ipvs/schema.ts";
import type { Mode } from "../../src/serviceproxy/modes/mode.ts";
import { NftablesMode } from "../../src/serviceproxy/modes/nftables/mode.ts";
import { serviceSchema } from "../../src/serviceproxy/modes/nftables/schema.ts";
import { expandConfig } from "../../src/serviceproxy/testing/iptables-fixture.ts";
import { sortShared } from "../../src/serviceproxy/testing/rules-model.ts";
import { isVirtual } from "../support/patience.ts";
import { addresses } from "../support/topology.ts";
import { openIpvsMode } from "./ipvs.ts";

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

/** Servers, elements of sets, rules. What only waits for its last connection is left out. */
export async function dumpIpvs(families: readonly (4 | 6)[]): Promise<string[]> {
  const [ipvs, ipset] = [new Ipvs(), new Ipset()];
  try {
    const lines: string[] = [];
    for (const server of await ipvs.listServers()) {
      const reals = await ipvs.listRealServers(server);
      const taking = reals.filter(({ weight }) => weight > 0);
      if (reals.length === 0 || taking.length > 0) lines.push(`${virtualKey(server)} ${JSON.stringify(server)}`);
      for (const { address, port } of taking) lines.push(`${virtualKey(server)} ${address}:${port}`);
    }
    const sizes = await ipset.listSizes();
    for (const family of families) {
      const saved = await run(family === 4 ? "iptables-save" : "ip6tables-save", []);
      lines.push(...saved.split("\n").filter((line) => /^-A .*FAIRWAY-/.test(line)));
      for (const schema of setKinds.map((kind) => setSchema(family, kind)))
        if (sizes.has(schema.name)) await ipset.list(schema, (element) => lines.push(`${schema.name} ${element}`));
    }
    return lines.sort();
  } finally {
    ipvs.close();
    ipset.close();
  }
}

const ipvs: Subject = {
  name: "ipvs",
  async open() {
    const opened = await Promise.all(families.map((family) => openIpvsMode(family, configOf(family))));
    return {
      modes: opened.map(({ mode }) => mode),
      close() {
        for (const { close } of opened) close();
      },
    };
  },
  async dump() {
    const devices = new DeviceAddresses();
    try {
      const index = devices.indexOf(device);
      const all = [...(await devices.list(4)), ...(await devices.list(6))];
      const held = all.flatMap((one) => (one.device === index ? [`${device} ${one.address}`] : []));
      return [...held.sort(), ...(await dumpIpvs(families))];
    } finally {
      devices.close();
    }
  },
};

export const subjects: readonly Subject[] = isVirtual ? [ipvs] : [iptables("nft"), iptables("legacy"), nftables];

import type { Iptables } from "../../../linux/iptables.ts";
import type { RowChange, ServicePort, ServiceTable } from "../../table.ts";
import type { Mode } from "../mode.ts";
import { canaryRule, chains } from "./base.ts";
import type { IptablesConfig } from "./config.ts";
import { joinRestores, planChanges, planCleanup, planFull, type Saved } from "./plan.ts";
import { RuleCounts } from "./rule-counts.ts";
import type { Table } from "./rules.ts";
import { parseTables } from "./save.ts";

const tables: readonly Table[] = ["filter", "nat", "mangle"];

export interface IptablesMode extends Mode {
  readonly counts: RuleCounts;
}

/** What the kernel has in the tables that the proxy writes to. One that was never used is not there. */
export async function readTables(iptables: Pick<Iptables, "save">): Promise<Saved> {
  const found = parseTables(await iptables.save());
  return Object.fromEntries(tables.map((table) => [table, found.get(table) ?? new Map()])) as Saved;
}

/**
 * The service proxy in iptables rules: README.md tells the way of a packet through them. `config` is asked for anew at each write,
 * `refused` is told of a write that failed before it is tried again.
 */
export function createIptablesMode(
  iptables: Iptables,
  config: () => IptablesConfig,
  refused: (error: Error) => void = () => {},
): IptablesMode {
  const { family } = iptables;
  /** No Service of this family yet and nothing left of an earlier run: nothing is written until there is one. */
  let dormant = true;
  const counts = new RuleCounts();

  async function write(inputs: Iterable<string>): Promise<void> {
    for (const input of joinRestores(inputs)) {
      await iptables.restore(input).catch((error: Error) => {
        refused(error);
        throw error;
      });
      counts.wrote(input);
    }
  }
  function isWritten(row: ServicePort | undefined): boolean {
    return row?.family === family && (row.protocol !== "SCTP" || config().sctp !== false);
  }
  function* rowsOf(table: ServiceTable): Generator<ServicePort> {
    for (const row of table.rows()) if (isWritten(row)) yield row;
  }

  async function sync(table: ServiceTable): Promise<void> {
    const saved = await readTables(iptables);
    dormant = rowsOf(table).next().done === true && !saved.nat.has(chains.services);
    counts.beginSync();
    if (!dormant) await write(planFull(saved, rowsOf(table), config(), counts));
  }

  return {
    family,
    counts,
    sync,
    async apply(changes: readonly RowChange[], table: ServiceTable) {
      const own = changes.filter(({ before, after }) => isWritten(after ?? before));
      if (own.length === 0) return;
      if (dormant) {
        await sync(table);
        return;
      }
      counts.beginSync();
      const input = planChanges(own, config(), counts);
      if (input !== "") await write([input]);
    },
    async isIntact() {
      if (dormant) return true;
      for (const table of tables) {
        const rules = await iptables.list(table, chains.canary);
        if (!rules?.includes(`-A ${chains.canary} ${canaryRule}`)) return false;
      }
      return true;
    },
    async cleanup() {
      await write(planCleanup(await readTables(iptables)));
    },
  };
}

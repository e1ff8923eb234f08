import type { Iptables } from "../../../linux/iptables.ts";
import type { RowChange, ServicePort, ServiceTable } from "../../table.ts";
import type { Mode } from "../mode.ts";
import { canaryRule, chains } from "./base.ts";
import type { IptablesConfig } from "./config.ts";
import { planChanges, planCleanup, planFull, type Saved } from "./plan.ts";
import type { Table } from "./rules.ts";
import { parseSave } from "./save.ts";

const tables: readonly Table[] = ["filter", "nat", "mangle"];

/** The service proxy in iptables rules: README.md tells the way of a packet through them. `config` is asked for anew at each write. */
export function createIptablesMode(iptables: Iptables, config: () => IptablesConfig): Mode {
  const { family } = iptables;
  /** No Service of this family yet and nothing left of an earlier run: nothing is written until there is one. */
  let dormant = true;

  async function readAll(): Promise<Saved> {
    const saved: Partial<Saved> = {};
    // One after the other: two prints of a large table side by side would need twice the memory.
    for (const table of tables) saved[table] = parseSave(await iptables.save(table));
    return saved as Saved;
  }
  async function write(inputs: Iterable<string>): Promise<void> {
    for (const input of inputs) await iptables.restore(input);
  }
  function* rowsOf(table: ServiceTable): Generator<ServicePort> {
    for (const row of table.rows()) if (row.family === family) yield row;
  }

  async function sync(table: ServiceTable): Promise<void> {
    const saved = await readAll();
    dormant = rowsOf(table).next().done === true && !saved.nat.has(chains.services);
    if (!dormant) await write(planFull(saved, rowsOf(table), config()));
  }

  return {
    family,
    sync,
    async apply(changes: readonly RowChange[], table: ServiceTable) {
      const own = changes.filter(({ before, after }) => (after ?? before)?.family === family);
      if (own.length === 0) return;
      if (dormant) {
        await sync(table);
        return;
      }
      const input = planChanges(own, config());
      if (input !== "") await iptables.restore(input);
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
      await write(planCleanup(await readAll()));
    },
  };
}

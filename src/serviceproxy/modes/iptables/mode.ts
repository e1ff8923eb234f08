import type { Iptables } from "../../../linux/iptables.ts";
import type { RowChange, ServicePort, ServiceTable } from "../../table.ts";
import type { Mode } from "../mode.ts";
import { canaryRule, chains, fixedRules } from "./base.ts";
import type { IptablesConfig } from "./config.ts";
import { planChanges, planCleanup, planFull, type Saved } from "./plan.ts";
import type { Table } from "./rules.ts";
import { parseSave } from "./save.ts";

const tables: readonly Table[] = ["filter", "nat", "mangle"];

/** The service proxy in iptables rules: see README.md for the way of a packet through them. */
export function createIptablesMode(iptables: Iptables, config: () => IptablesConfig): Mode {
  const { family } = iptables;

  async function readAll(): Promise<Saved> {
    const saved: Partial<Saved> = {};
    // One after the other: two prints of a large table side by side would need twice the memory.
    for (const table of tables) saved[table] = parseSave(await iptables.save(table));
    return saved as Saved;
  }
  async function write(inputs: Iterable<string>): Promise<void> {
    for (const input of inputs) await iptables.restore(input);
  }

  return {
    async sync(table: ServiceTable) {
      await write(planFull(await readAll(), rowsOf(table), config()));
    },
    async apply(changes: readonly RowChange[]) {
      const own = changes.filter(({ before, after }) => (after ?? before)?.family === family);
      const input = planChanges(own, config());
      if (input !== "") await iptables.restore(input);
    },
    async isIntact() {
      for (const table of Object.keys(fixedRules(config())) as Table[]) {
        const rules = await iptables.list(table, chains.canary);
        if (!rules?.includes(`-A ${chains.canary} ${canaryRule}`)) return false;
      }
      return true;
    },
    async cleanup() {
      await write(planCleanup(await readAll()));
    },
  };

  function* rowsOf(table: ServiceTable): Generator<ServicePort> {
    for (const row of table.rows()) if (row.family === family) yield row;
  }
}

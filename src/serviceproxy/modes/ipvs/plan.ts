import type { Saved } from "../iptables/plan.ts";
import { Section } from "../iptables/restore.ts";
import type { Rule, Table } from "../iptables/rules.ts";
import { chainPrefix, type Jump } from "./rules.ts";

type Wanted = Record<Table, Map<string, Rule[]>>;

function sections(): Record<Table, Section> {
  return { nat: new Section("nat"), filter: new Section("filter"), mangle: new Section("mangle") };
}

/** One restore that makes the mode's chains and jumps what they should be, "" when they are. Each table changes at once. */
export function planRules(saved: Saved, wanted: Wanted, jumps: readonly Jump[]): string {
  const all = sections();
  for (const [table, section] of Object.entries(all) as [Table, Section][]) {
    for (const [chain, rules] of wanted[table])
      if (saved[table].get(chain)?.join("\n") !== rules.join("\n")) section.replace(chain, rules);
    for (const chain of saved[table].keys())
      if (chain.startsWith(chainPrefix) && !wanted[table].has(chain)) section.remove(chain);
  }
  for (const { table, from, rule } of jumps) if (!saved[table].get(from)?.includes(rule)) all[table].insert(from, rule);
  return Object.values(all).join("");
}

/** Tells of a chain whether it is to be removed. */
export type IsOwn = (chain: string) => boolean;

/** The restores that take chains away, with the rules of other chains that lead into them. */
export function planRemoval(saved: Saved, isOwn: IsOwn): string[] {
  const [jumps, chains] = [sections(), sections()];
  for (const table of Object.keys(jumps) as Table[])
    for (const [chain, rules] of saved[table]) {
      if (isOwn(chain)) chains[table].remove(chain);
      else
        for (const rule of rules) if (isOwn(/ -j (\S+)$/.exec(` ${rule}`)?.[1] ?? "")) jumps[table].delete(chain, rule);
    }
  return [jumps, chains].map((all) => Object.values(all).join("")).filter((text) => text !== "");
}

import type { Saved } from "../modes/iptables/plan.ts";
import type { Rule, Table } from "../modes/iptables/rules.ts";

const builtin: Record<Table, string[]> = {
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
};

/**
 * What iptables-restore --noflush makes of its input, on plain maps, with the kernel's own strictness: a rule that is deleted must be there,
 * a chain that is removed must be empty and led to by nobody. test/proxy-iptables.test.ts holds it against the real thing.
 */
export class RulesModel {
  readonly tables: Saved = { filter: new Map(), nat: new Map(), mangle: new Map() };

  constructor() {
    for (const table of Object.keys(builtin) as Table[])
      for (const chain of builtin[table]) this.tables[table].set(chain, []);
  }

  /** As iptables-save prints all tables. */
  save(): string {
    const lines = Object.entries(this.tables).flatMap(([table, chains]) => [
      `*${table}`,
      ...[...chains.keys()].map((chain) => `:${chain} - [0:0]`),
      ...[...chains].flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
      "COMMIT",
    ]);
    return `${lines.join("\n")}\n`;
  }

  restore(input: string): void {
    let chains = this.tables.filter;
    for (const line of input.split("\n")) {
      if (line === "") continue;
      if (line === "COMMIT") checkTargets(chains);
      else if (line.startsWith("*")) chains = this.tables[line.slice(1) as Table];
      else if (line.startsWith(":")) chains.set(line.slice(1, line.indexOf(" ")), []);
      else this.#command(chains, line);
    }
  }

  #command(chains: Map<string, Rule[]>, line: string): void {
    const [command, chain = "", ...words] = line.split(" ");
    const rule = words.join(" ");
    const rules = chains.get(chain);
    if (rules === undefined) throw new Error(`no chain ${chain}: ${line}`);
    if (command === "-A") rules.push(rule);
    else if (command === "-I") rules.unshift(rule);
    else if (command === "-D") {
      const index = rules.indexOf(rule);
      if (index === -1) throw new Error(`no such rule: ${line}`);
      rules.splice(index, 1);
    } else if (command === "-X") {
      if (rules.length > 0) throw new Error(`not empty: ${line}`);
      for (const [from, others] of chains)
        if (others.some((other) => targetOf(other) === chain)) throw new Error(`${from} still leads there: ${line}`);
      chains.delete(chain);
    } else throw new Error(`unknown command: ${line}`);
  }

  /** Chains and rules of one table in a form that compares: the order of service ports in the shared chains means nothing. */
  comparable(table: Table): Record<string, Rule[]> {
    const result: Record<string, Rule[]> = {};
    for (const [chain, rules] of [...this.tables[table]].sort(([a], [b]) => (a < b ? -1 : 1)))
      if (chain.startsWith("KUBE-")) result[chain] = sortShared(chain, rules);
    return result;
  }
}

/** Sorts the rules of a chain that service ports share; the fixed rule for node ports stays where it is. */
export function sortShared(chain: string, rules: readonly Rule[]): Rule[] {
  const shared = /^KUBE-(SERVICES|EXTERNAL-SERVICES|NODEPORTS|PROXY-FIREWALL)$/.test(chain);
  if (!shared) return [...rules];
  const fixed = rules.filter((rule) => rule.endsWith("-j KUBE-NODEPORTS"));
  return [...rules.slice(0, rules.length - fixed.length).sort(), ...fixed];
}

export function targetOf(rule: Rule): string | undefined {
  return / ?-j (\S+)/.exec(rule)?.[1];
}

function checkTargets(chains: Map<string, Rule[]>): void {
  for (const rules of chains.values())
    for (const rule of rules) {
      const target = targetOf(rule);
      if (target?.startsWith("KUBE-") && !chains.has(target)) throw new Error(`no chain ${target}: ${rule}`);
    }
}

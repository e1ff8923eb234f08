import type { Family } from "../../../ip/address.ts";
import type { Metrics } from "../../../role/metrics.ts";
import type { FixedRules } from "./base.ts";
import type { RenderedRow } from "./render.ts";

export const countedTables = ["filter", "nat"] as const;
export type PerTable = Record<(typeof countedTables)[number], number>;

/** How many rules of ours each table has, and how many the last sync wrote. Follows changes, never counts anew. */
export class RuleCounts {
  readonly total: PerTable = { filter: 0, nat: 0 };
  readonly last: PerTable = { filter: 0, nat: 0 };

  /** A full sync begins: only the fixed rules are counted yet. */
  reset(fixed: FixedRules): void {
    for (const table of countedTables)
      this.total[table] = fixed[table].values().reduce((sum, rules) => sum + rules.length, 0);
  }
  add({ chains, shared }: RenderedRow, sign: 1 | -1): void {
    for (const rules of chains.values()) this.total.nat += sign * rules.length;
    for (const { table } of shared) this.total[table] += sign;
  }
  beginSync(): void {
    for (const table of countedTables) this.last[table] = 0;
  }
  /** Notes a restore. */
  wrote(input: string): void {
    for (const section of input.split("*").slice(1)) {
      const table = countedTables.find((name) => section.startsWith(name));
      if (table !== undefined) this.last[table] += section.match(/^-[AI] /gm)?.length ?? 0;
    }
  }
}

/** Shows the counts by kube-proxy's names. */
export function addRuleCountMetrics(metrics: Metrics, modes: readonly { family: Family; counts: RuleCounts }[]): void {
  const show = (kind: "total" | "last", help: string) =>
    metrics.observed(`kubeproxy_sync_proxy_rules_iptables_${kind}`, help, "gauge", () =>
      modes.flatMap(({ family, counts }) =>
        countedTables.map((table) => ({
          value: counts[kind][table],
          labels: { table, ip_family: `IPv${family}` },
        })),
      ),
    );
  show("total", "Rules of the proxy that the kernel has.");
  show("last", "Rules that the last sync wrote.");
}

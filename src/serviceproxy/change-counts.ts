import type { ProxyMetrics } from "./metrics.ts";
import type { RowChange, ServicePort } from "./table.ts";

/** Changes of objects that came in, and those of them that no sync has taken in yet. */
export class ChangeCounts {
  readonly #metrics: ProxyMetrics;
  #services = 0;
  #endpoints = 0;

  constructor(metrics: ProxyMetrics) {
    this.#metrics = metrics;
    this.#show();
  }

  service(): void {
    this.#services += 1;
    this.#metrics.serviceChanges.add();
    this.#show();
  }
  endpoints(): void {
    this.#endpoints += 1;
    this.#metrics.endpointChanges.add();
    this.#show();
  }
  /** A sync begins, and takes in all of them. */
  taken(): void {
    this.#services = 0;
    this.#endpoints = 0;
    this.#show();
  }

  #show(): void {
    this.#metrics.pendingServiceChanges.set(this.#services);
    this.#metrics.pendingEndpointChanges.set(this.#endpoints);
  }
}

type Policy = "internal" | "external";

/** How many service ports drop traffic because this node has no endpoint of theirs; follows changes, never counts anew. */
export class NoLocalEndpoints {
  readonly #gauge: ProxyMetrics["noLocalEndpoints"];
  readonly #counts = new Map<string, { policy: Policy; family: number; count: number }>();

  constructor(gauge: ProxyMetrics["noLocalEndpoints"]) {
    this.#gauge = gauge;
  }

  apply(changes: Iterable<RowChange>): void {
    for (const { before, after } of changes) {
      this.#add(before, -1);
      this.#add(after, 1);
    }
    for (const { policy, family, count } of this.#counts.values())
      this.#gauge.set(count, { traffic_policy: policy, ip_family: `IPv${family}` });
  }

  #add(row: ServicePort | undefined, amount: number): void {
    for (const policy of ["internal", "external"] as const) {
      if (row?.[policy] !== "drop") continue;
      const key = `${policy} ${row.family}`;
      const entry = this.#counts.get(key) ?? { policy, family: row.family, count: 0 };
      this.#counts.set(key, { ...entry, count: entry.count + amount });
    }
  }
}

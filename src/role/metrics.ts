/**
 * Counters, gauges and histograms of a role. Plain numbers until somebody asks: prom-client, which writes them as text, is loaded at the
 * first scrape, so that a role that nobody scrapes pays nothing for it.
 */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(amount?: number, labels?: Labels): void;
}
export interface Gauge {
  set(value: number, labels?: Labels): void;
}
export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/** As prom-client's own `Registry.getMetricsAsJSON` has it. */
interface Sample {
  value: number;
  labels: Readonly<Record<string, string | number>>;
  /** When it is another than the family's: a histogram's `_bucket`, `_sum` and `_count`. */
  metricName?: string;
}

interface Family {
  name: string;
  help: string;
  type: "counter" | "gauge" | "histogram";
  /** The samples, made when they are asked for. */
  samples(): Sample[];
}

/** The values of one family by their labels. */
class Series<T> {
  readonly #values = new Map<string, { labels: Labels; value: T }>();

  /** `make` gives the value of labels that are new. */
  entry(labels: Labels, make: () => T): { labels: Labels; value: T } {
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    let found = this.#values.get(key);
    if (found === undefined) {
      found = { labels, value: make() };
      this.#values.set(key, found);
    }
    return found;
  }

  entries(): { labels: Labels; value: T }[] {
    return [...this.#values.values()];
  }
}

/** The metrics of one role. Labels must come from a small fixed set: what was counted once is kept. */
export class Metrics {
  readonly #families: Family[] = [];

  counter(name: string, help: string): Counter {
    const series = this.#numbers(name, help, "counter");
    return {
      add(amount = 1, labels = {}) {
        series.entry(labels, () => 0).value += amount;
      },
    };
  }

  gauge(name: string, help: string): Gauge {
    const series = this.#numbers(name, help, "gauge");
    return {
      set(value, labels = {}) {
        series.entry(labels, () => 0).value = value;
      },
    };
  }

  /** `bounds` are the upper ends of the buckets, ascending; the one without an end is added. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const series = new Series<{ counts: number[]; sum: number; count: number }>();
    const samples = () =>
      series.entries().flatMap(({ labels, value: { counts, sum, count } }): Sample[] => {
        let below = 0;
        const buckets = bounds.map((le, index): Sample => {
          below += counts[index]!;
          return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
        });
        return [
          ...buckets,
          { metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: count },
          { metricName: `${name}_sum`, labels, value: sum },
          { metricName: `${name}_count`, labels, value: count },
        ];
      });
    this.#families.push({ name, help, type: "histogram", samples });
    return {
      observe(value, labels = {}) {
        const { value: found } = series.entry(labels, () => ({ counts: bounds.map(() => 0), sum: 0, count: 0 }));
        const index = bounds.findIndex((bound) => value <= bound);
        if (index !== -1) found.counts[index]! += 1;
        found.sum += value;
        found.count += 1;
      },
    };
  }

  /** A family whose values are read at each scrape. */
  observed(
    name: string,
    help: string,
    type: "counter" | "gauge",
    read: () => { value: number; labels: Labels }[],
  ): void {
    this.#families.push({ name, help, type, samples: read });
  }

  #numbers(name: string, help: string, type: "counter" | "gauge"): Series<number> {
    const series = new Series<number>();
    this.#families.push({ name, help, type, samples: () => series.entries() });
    return series;
  }

  /** The text for Prometheus (exposition format 0.0.4), and its content type. */
  async render(): Promise<{ type: string; body: string }> {
    const { AggregatorRegistry } = await import("prom-client");
    // Made for the metrics of several processes, it takes plain values; here they are of one, so nothing is summed up.
    const families = this.#families.map(({ name, help, type, samples }) => ({
      name,
      help,
      type,
      aggregator: "first",
      values: samples(),
    }));
    const registry = AggregatorRegistry.aggregate([families]);
    return { type: registry.contentType, body: await registry.metrics() };
  }
}

/** `count` bounds, each `factor` times the one before. */
export function exponentialBounds(first: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first * factor ** index);
}

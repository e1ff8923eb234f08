/**
 * Counters, gauges and histograms of a role, and their text for Prometheus (exposition format 0.0.4). Plain numbers until somebody asks:
 * a metrics library would cost each role memory from its start.
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

interface Family {
  help: string;
  type: "counter" | "gauge" | "histogram";
  /** The samples' lines, made when they are asked for. */
  render(): string[];
}

export class Metrics {
  readonly #families = new Map<string, Family>();

  counter(name: string, help: string): Counter {
    const values = this.#values(name, help, "counter");
    return {
      add(amount = 1, labels = {}) {
        const key = labelText(labels);
        values.set(key, (values.get(key) ?? 0) + amount);
      },
    };
  }

  gauge(name: string, help: string): Gauge {
    const values = this.#values(name, help, "gauge");
    return {
      set(value, labels = {}) {
        values.set(labelText(labels), value);
      },
    };
  }

  /** `bounds` are the upper ends of the buckets, ascending; the one without an end is added. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const series = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>();
    this.#families.set(name, {
      help,
      type: "histogram",
      render: () =>
        [...series].flatMap(([key, { labels, counts, sum, count }]) => {
          let below = 0;
          const buckets = bounds.map((bound, index) => {
            below += counts[index]!;
            return `${name}_bucket${labelText({ ...labels, le: String(bound) })} ${below}`;
          });
          const all = `${name}_bucket${labelText({ ...labels, le: "+Inf" })} ${count}`;
          return [...buckets, all, `${name}_sum${key} ${sum}`, `${name}_count${key} ${count}`];
        }),
    });
    return {
      observe(value, labels = {}) {
        const key = labelText(labels);
        const found = series.get(key) ?? { labels, counts: bounds.map(() => 0), sum: 0, count: 0 };
        series.set(key, found);
        const index = bounds.findIndex((bound) => value <= bound);
        if (index !== -1) found.counts[index]! += 1;
        found.sum += value;
        found.count += 1;
      },
    };
  }

  #values(name: string, help: string, type: "counter" | "gauge"): Map<string, number> {
    const values = new Map<string, number>();
    this.#families.set(name, { help, type, render: () => [...values].map(([key, value]) => `${name}${key} ${value}`) });
    return values;
  }

  /** Content type "text/plain; version=0.0.4". */
  toString(): string {
    let text = "";
    for (const [name, { help, type, render }] of this.#families)
      text += [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...render(), ""].join("\n");
    return text;
  }
}

/** '{a="b",c="d"}', or nothing. */
function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** `count` bounds, each `factor` times the one before. */
export function exponentialBounds(first: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first * factor ** index);
}

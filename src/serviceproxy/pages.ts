import { Metrics } from "../role/metrics.ts";
import type { HealthReport, ProxyHealth } from "./health.ts";
import type { Answer, Pages } from "./http-server.ts";
import type { ProxyMetrics } from "./metrics.ts";

/**
 * What /metrics/slis of every Kubernetes component has (component-base/metrics/prometheus/slis): how each health check came out when it was
 * last asked, and how often it came out how.
 */
export class HealthChecks {
  readonly metrics = new Metrics();
  readonly #last = this.metrics.gauge(
    "kubernetes_healthcheck",
    "This metric records the result of a single healthcheck.",
  );
  readonly #total = this.metrics.counter(
    "kubernetes_healthchecks_total",
    "This metric records the results of all healthcheck.",
  );

  observe(name: "ping" | "rules", type: "healthz" | "livez", healthy: boolean): void {
    this.#last.set(healthy ? 1 : 0, { name, type });
    this.#total.add(1, { name, type, status: healthy ? "success" : "error" });
  }
}

/** /healthz and /livez as kube-proxy's health server has them, counted by status. */
export function healthPages(health: ProxyHealth, metrics: ProxyMetrics, checks: HealthChecks): Pages {
  const counted = (
    counter: ProxyMetrics["healthRequests"],
    type: "healthz" | "livez",
    report: HealthReport,
  ): Answer => {
    counter.add(1, { code: String(report.status) });
    checks.observe("rules", type, report.status === 200);
    return json(report.status, report.body);
  };
  return {
    "/healthz": () => counted(metrics.healthRequests, "healthz", health.ready()),
    "/livez": () => counted(metrics.liveRequests, "livez", health.live()),
  };
}

/** What kube-proxy's metrics server has. `configuration`: the API object that the proxy runs with. */
export function metricsPages(metrics: Metrics, checks: HealthChecks, mode: string, configuration: () => object): Pages {
  return {
    "/metrics": async () => ({ status: 200, ...(await metrics.render()) }),
    "/metrics/slis": async () => ({ status: 200, ...(await checks.metrics.render()) }),
    // This server answers; whether rules follow in time the health server tells.
    "/healthz": () => {
      checks.observe("ping", "healthz", true);
      return text("ok");
    },
    "/proxyMode": () => text(mode),
    "/configz": () => json(200, { "kubeproxy.config.k8s.io": configuration() }),
  };
}

function text(body: string): Answer {
  return { status: 200, type: "text/plain; charset=utf-8", body };
}

function json(status: number, body: object): Answer {
  return { status, type: "application/json", body: JSON.stringify(body) };
}

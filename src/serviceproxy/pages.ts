import type { Metrics } from "../role/metrics.ts";
import type { HealthReport, ProxyHealth } from "./health.ts";
import type { Answer, Pages } from "./http-server.ts";
import type { ProxyMetrics } from "./metrics.ts";

/** /healthz and /livez as kube-proxy's health server has them, counted by status. */
export function healthPages(health: ProxyHealth, metrics: ProxyMetrics): Pages {
  const counted = (counter: ProxyMetrics["healthRequests"], report: HealthReport): Answer => {
    counter.add(1, { code: String(report.status) });
    return json(report.status, report.body);
  };
  return {
    "/healthz": () => counted(metrics.healthRequests, health.ready()),
    "/livez": () => counted(metrics.liveRequests, health.live()),
  };
}

/** What kube-proxy's metrics server has. `configuration`: the API object that the proxy runs with. */
export function metricsPages(metrics: Metrics, health: ProxyHealth, mode: string, configuration: () => object): Pages {
  return {
    "/metrics": async () => ({ status: 200, ...(await metrics.render()) }),
    "/healthz": () => json(health.ready().status, health.ready().body),
    "/proxyMode": (): Answer => ({ status: 200, type: "text/plain; charset=utf-8", body: mode }),
    "/configz": () => json(200, { "kubeproxy.config.k8s.io": configuration() }),
  };
}

function json(status: number, body: object): Answer {
  return { status, type: "application/json", body: JSON.stringify(body) };
}

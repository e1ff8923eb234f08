import { exponentialBounds, type Metrics } from "../role/metrics.ts";

/** The proxy's metrics, by kube-proxy's names (pkg/proxy/metrics), so that dashboards and alerts go on working. */
export function createProxyMetrics(metrics: Metrics) {
  const name = (rest: string) => `kubeproxy_${rest}`;
  const syncBounds = exponentialBounds(0.001, 2, 15);
  const range = (first: number, last: number, step: number) =>
    Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
  const programmingBounds = [0.25, 0.5, ...range(1, 59, 1), ...range(60, 115, 5), ...range(120, 300, 30)];
  return {
    syncDuration: metrics.histogram(
      name("sync_proxy_rules_duration_seconds"),
      "Time one sync of the rules took.",
      syncBounds,
    ),
    fullSyncDuration: metrics.histogram(
      name("sync_full_proxy_rules_duration_seconds"),
      "Time one sync that compared everything took.",
      syncBounds,
    ),
    partialSyncDuration: metrics.histogram(
      name("sync_partial_proxy_rules_duration_seconds"),
      "Time one sync that wrote changes only took.",
      syncBounds,
    ),
    programmingDuration: metrics.histogram(
      name("network_programming_duration_seconds"),
      "Time from a change in the cluster to the rules that follow it.",
      programmingBounds,
    ),
    lastSync: metrics.gauge(name("sync_proxy_rules_last_timestamp_seconds"), "When rules were last synced."),
    lastQueued: metrics.gauge(
      name("sync_proxy_rules_last_queued_timestamp_seconds"),
      "When a sync was last asked for.",
    ),
    endpointChanges: metrics.counter(
      name("sync_proxy_rules_endpoint_changes_total"),
      "Changes of EndpointSlices that were seen.",
    ),
    serviceChanges: metrics.counter(
      name("sync_proxy_rules_service_changes_total"),
      "Changes of Services that were seen.",
    ),
    partialFailures: metrics.counter(
      name("sync_proxy_rules_iptables_partial_restore_failures_total"),
      "Writes of changes that failed and were followed by a full sync.",
    ),
    failures: metrics.counter(name("sync_proxy_rules_iptables_restore_failures_total"), "Full syncs that failed."),
    conntrackDeleted: metrics.counter(
      name("conntrack_reconciler_deleted_entries_total"),
      "Stale UDP flows that were cut.",
    ),
    healthRequests: metrics.counter(name("proxy_healthz_total"), "Answers of /healthz by status."),
    liveRequests: metrics.counter(name("proxy_livez_total"), "Answers of /livez by status."),
  };
}

export type ProxyMetrics = ReturnType<typeof createProxyMetrics>;

import { exponentialBounds, type Metrics } from "../role/metrics.ts";

/** What kube-proxy calls writes that failed: changes only, and everything. Modes that it no longer has go by iptables' names. */
function failureNames(mode: string): { partial: string; full: string } {
  const iptables = "sync_proxy_rules_iptables_restore_failures_total";
  const nftables = "sync_proxy_rules_nftables_sync_failures_total";
  if (mode === "nftables") return { partial: nftables, full: nftables };
  const partial = "sync_proxy_rules_iptables_partial_restore_failures_total";
  return { partial: mode === "iptables" ? partial : iptables, full: iptables };
}

/** The proxy's metrics, by kube-proxy 1.36's names (pkg/proxy/metrics), so that dashboards and alerts go on working. */
export function createProxyMetrics(metrics: Metrics, mode: string) {
  const name = (rest: string) => `kubeproxy_${rest}`;
  const syncBounds = exponentialBounds(0.001, 2, 15);
  const range = (first: number, last: number, step: number) =>
    Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
  const programmingBounds = [0.25, 0.5, ...range(1, 59, 1), ...range(60, 115, 5), ...range(120, 300, 30)];
  const failed = failureNames(mode);
  const failures = metrics.counter(name(failed.full), "Syncs that could not be written.");
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
    pendingEndpointChanges: metrics.gauge(
      name("sync_proxy_rules_endpoint_changes_pending"),
      "Changes of EndpointSlices that wait for a sync.",
    ),
    pendingServiceChanges: metrics.gauge(
      name("sync_proxy_rules_service_changes_pending"),
      "Changes of Services that wait for a sync.",
    ),
    noLocalEndpoints: metrics.gauge(
      name("sync_proxy_rules_no_local_endpoints_total"),
      "Service ports whose policy keeps traffic on this node, which has no endpoint of theirs.",
    ),
    partialFailures:
      failed.partial === failed.full
        ? failures
        : metrics.counter(name(failed.partial), "Writes of changes that failed and were followed by a full sync."),
    failures,
    conntrackDuration: metrics.histogram(
      name("conntrack_reconciler_sync_duration_seconds"),
      "Time that looking for stale flows took.",
      syncBounds,
    ),
    conntrackDeleted: metrics.counter(
      name("conntrack_reconciler_deleted_entries_total"),
      "Stale UDP flows that were cut.",
    ),
    healthRequests: metrics.counter(name("proxy_healthz_total"), "Answers of /healthz by status."),
    liveRequests: metrics.counter(name("proxy_livez_total"), "Answers of /livez by status."),
  };
}

export type ProxyMetrics = ReturnType<typeof createProxyMetrics>;

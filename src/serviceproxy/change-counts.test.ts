import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "../role/metrics.ts";
import { ChangeCounts, NoLocalEndpoints } from "./change-counts.ts";
import { compileService } from "./compile/compile.ts";
import { createProxyMetrics } from "./metrics.ts";
import { ServiceTable } from "./table.ts";
import { expandService, expandSlice } from "./testing/objects.ts";

/** The lines of some metric without "kubeproxy_". */
async function lines(metrics: Metrics, name: string): Promise<string[]> {
  const { body } = await metrics.render();
  return body
    .split("\n")
    .filter((line) => line.startsWith(`kubeproxy_${name}`))
    .map((line) => line.slice("kubeproxy_".length));
}

test("changes wait for a sync, and are counted for good", async () => {
  const metrics = new Metrics();
  const counts = new ChangeCounts(createProxyMetrics(metrics, "iptables"));
  counts.service();
  counts.endpoints();
  counts.endpoints();
  assert.deepEqual(await lines(metrics, "sync_proxy_rules_endpoint"), [
    "sync_proxy_rules_endpoint_changes_total 2",
    "sync_proxy_rules_endpoint_changes_pending 2",
  ]);
  counts.taken();
  counts.service();
  assert.deepEqual(await lines(metrics, "sync_proxy_rules_service"), [
    "sync_proxy_rules_service_changes_total 2",
    "sync_proxy_rules_service_changes_pending 1",
  ]);
});

test("service ports that drop for want of a local endpoint", async () => {
  const metrics = new Metrics();
  const table = new ServiceTable();
  const counted = new NoLocalEndpoints(createProxyMetrics(metrics, "iptables").noLocalEndpoints);
  const set = (policies: { itp?: string; etp?: string } | undefined, ...endpoints: string[]) => {
    const service = expandService({
      service: "a/b",
      ip: "10.96.0.9",
      type: "NodePort",
      ports: ["x/TCP 80 node 30080"],
      ...policies,
    });
    const slice = expandSlice({ slice: "a/b-1", of: "b", ports: ["x/TCP 80"], endpoints });
    const node = { nodeName: "here", addresses: [], families: [4 as const] };
    table.setUnit("a/b", compileService(policies && service, [slice], node).rows);
    counted.apply(table.takeChanges());
    return lines(metrics, "sync_proxy_rules_no_local_endpoints_total");
  };
  const line = (policy: string, count: number) =>
    `sync_proxy_rules_no_local_endpoints_total{traffic_policy="${policy}",ip_family="IPv4"} ${count}`;
  const both = { itp: "Local", etp: "Local" };
  assert.deepEqual(await set(both), []);
  assert.deepEqual(await set(both, "10.1.0.1 @elsewhere"), [line("internal", 1), line("external", 1)]);
  assert.deepEqual(await set({ etp: "Local" }, "10.1.0.1 @elsewhere"), [line("internal", 0), line("external", 1)]);
  assert.deepEqual(await set(both, "10.1.0.1 @here"), [line("internal", 0), line("external", 0)]);
  assert.deepEqual(await set(undefined), [line("internal", 0), line("external", 0)]);
});

test("failures go by the names that kube-proxy has for the mode", async () => {
  const namesOf = async (mode: string) => {
    const metrics = new Metrics();
    const { partialFailures, failures } = createProxyMetrics(metrics, mode);
    partialFailures.add(1, { ip_family: "IPv4" });
    failures.add(1, { ip_family: "IPv4" });
    return (await lines(metrics, "")).filter((text) => text.includes("failures_total"));
  };
  const family = '{ip_family="IPv4"}';
  assert.deepEqual(await namesOf("iptables"), [
    `sync_proxy_rules_iptables_restore_failures_total${family} 1`,
    `sync_proxy_rules_iptables_partial_restore_failures_total${family} 1`,
  ]);
  assert.deepEqual(await namesOf("nftables"), [`sync_proxy_rules_nftables_sync_failures_total${family} 2`]);
  assert.deepEqual(await namesOf("ipvs"), [`sync_proxy_rules_iptables_restore_failures_total${family} 2`]);
});

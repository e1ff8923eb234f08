/** What the proxy tells, as pages, metrics, events and health check ports, and what it sets on the node. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { test } from "node:test";
import { endpointSlices, events, services } from "../../src/kubernetes/resource.ts";
import type { Event, Service } from "../../src/kubernetes/types.ts";
import { run } from "../../src/linux/command.ts";
import { addresses, Host } from "../support/topology.ts";
import { eventually } from "../support/wait.ts";
import { nodeName, type ProcessLab } from "./process-lab.ts";

/** The proxy runs, and goes on running. */
export function testTold(lab: ProcessLab): void {
  /** Of kube-proxy 1.36 in every mode. */
  const metricNames =
    `sync_proxy_rules_duration_seconds sync_proxy_rules_last_timestamp_seconds sync_proxy_rules_last_queued_timestamp_seconds
    sync_proxy_rules_endpoint_changes_pending sync_proxy_rules_endpoint_changes_total sync_proxy_rules_service_changes_pending
    sync_proxy_rules_service_changes_total network_programming_duration_seconds sync_proxy_rules_no_local_endpoints_total
    proxy_healthz_total proxy_livez_total sync_full_proxy_rules_duration_seconds sync_partial_proxy_rules_duration_seconds
    conntrack_reconciler_sync_duration_seconds conntrack_reconciler_deleted_entries_total`.split(/\s+/);

  /** Of the kernel's modes, in which they differ; the userspace mode has those of its rules. */
  const ownMetricNames = {
    iptables: [
      "sync_proxy_rules_iptables_restore_failures_total",
      "sync_proxy_rules_iptables_partial_restore_failures_total",
      "sync_proxy_rules_iptables_total",
      "sync_proxy_rules_iptables_last",
      "iptables_ct_state_invalid_dropped_packets_total",
      "iptables_localhost_nodeports_accepted_packets_total",
    ],
    nftables: ["sync_proxy_rules_nftables_sync_failures_total", "sync_proxy_rules_nftables_cleanup_failures_total"],
    ipvs: ["sync_proxy_rules_iptables_restore_failures_total"],
    userspace: ["sync_proxy_rules_iptables_restore_failures_total"],
  };

  test("health and metrics", async () => {
    const { status } = await eventually(
      "healthy",
      () => fetch("http://127.0.0.1:10256/livez"),
      (response) => response.ok,
    );
    assert.equal(status, 200);
    const body = (await (await fetch("http://127.0.0.1:10256/healthz")).json()) as { healthy: boolean };
    assert.equal(body.healthy, true);
    const metrics = await (await fetch("http://127.0.0.1:10249/metrics")).text();
    assert.match(metrics, /^kubeproxy_sync_proxy_rules_duration_seconds_count\{ip_family="IPv4"\} [1-9]/m);
    const names = new Set([...metrics.matchAll(/^# TYPE kubeproxy_(\S+) /gm)].map(([, name]) => name));
    for (const rest of [...metricNames, ...ownMetricNames[lab.mode]]) assert.ok(names.has(rest), rest);
    const checks = await (await fetch("http://127.0.0.1:10249/metrics/slis")).text();
    assert.match(checks, /^kubernetes_healthcheck\{name="rules",type="healthz"\} 1$/m);
    assert.equal(await (await fetch("http://127.0.0.1:10249/proxyMode")).text(), lab.mode);
    assert.equal((await fetch("http://127.0.0.1:10249/other")).status, 404);
  });

  if (lab.mode === "iptables")
    test("the kernel counts what comes to node ports on localhost, from the first scrape on", async () => {
      const scrape = async (name: string) => {
        const text = await (await fetch("http://127.0.0.1:10249/metrics")).text();
        return Number(new RegExp(`^kubeproxy_${name} (\\d+)`, "m").exec(text)?.[1]);
      };
      const packets = () => scrape("iptables_localhost_nodeports_accepted_packets_total");
      await packets();
      const own = await Host.inThisNamespace("node");
      try {
        const ask = async () => {
          await own.askTcp("127.0.0.1", 30_080);
          return packets();
        };
        await eventually("a packet is counted", ask, (count) => count > 0);
      } finally {
        own.remove();
      }
      const rules = async () =>
        (await run("iptables-save", [])).split("\n").filter((line) => /^-A KUBE-/.test(line)).length;
      const told = async () => {
        const text = await (await fetch("http://127.0.0.1:10249/metrics")).text();
        const totals = text.matchAll(/^kubeproxy_sync_proxy_rules_iptables_total\{.*ip_family="IPv4".*\} (\d+)/gm);
        return [...totals].reduce((sum, [, count]) => sum + Number(count), 0);
      };
      // The canary's rule in mangle is in no table that is told of.
      await eventually(
        "all rules are told of",
        async () => (await rules()) - (await told()),
        (difference) => difference === 1,
      );
    });

  test("what it runs with, and what it tells people", async () => {
    const configz = (await (await fetch("http://127.0.0.1:10249/configz")).json()) as Record<string, { mode: string }>;
    assert.equal(configz["kubeproxy.config.k8s.io"]?.mode, lab.mode);
    const starting = await eventually(
      "the event of the start",
      async () => (await lab.client.list<Event>(events, { namespace: "default" })).items,
      (items) => items.some(({ reason }) => reason === "Starting"),
    );
    const { involvedObject, source } = starting.find(({ reason }) => reason === "Starting")!;
    assert.deepEqual([involvedObject?.kind, involvedObject?.name, source?.component], ["Node", nodeName, "kube-proxy"]);
  });

  test("the kernel's settings, by the proxy and by --init-only", async () => {
    const closeWait = "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait";
    assert.equal(await readFile(closeWait, "utf8"), "3600\n");
    assert.equal(await readFile(`/proc/${lab.proxy.pid}/oom_score_adj`, "utf8"), "7\n");
    const child = lab.command(
      "proxy",
      "--init-only",
      "--proxy-mode",
      lab.mode,
      "--conntrack-tcp-timeout-close-wait",
      "30m",
    );
    assert.deepEqual(await once(child, "exit"), [0, null]);
    assert.equal(await readFile(closeWait, "utf8"), "1800\n");
  });

  test("a balancer learns from the health check port whether this node has endpoints", async () => {
    const { spec } = lab.webService("balanced", "10.96.0.30", 30_090);
    const created = await lab.client.create<Service>(services, {
      metadata: { name: "balanced", namespace: "default" },
      spec: { ...spec, type: "LoadBalancer", externalTrafficPolicy: "Local" },
    });
    const port = created.spec?.healthCheckNodePort;
    const ask = () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        (response) => `${response.status} ${response.headers.get("x-load-balancing-endpoint-weight")}`,
        () => "nobody",
      );
    await eventually("nobody here", ask, (answer) => answer === "503 0");
    await lab.client.create(endpointSlices, lab.slice("balanced", [addresses.a, addresses.b]));
    await eventually("two here", ask, (answer) => answer === "200 2");
    await lab.setEndpoints("balanced");
    await eventually("nobody here any more", ask, (answer) => answer === "503 0");
    await lab.deleteService("balanced");
    await eventually("the port is closed", ask, (answer) => answer === "nobody");
  });

  test("a health check port that somebody else has is told of the Service", async () => {
    const port = 32_111;
    const other = createServer().listen(port, "0.0.0.0");
    await once(other, "listening");
    const { spec } = lab.webService("clashing", "10.96.0.31", 30_091);
    await lab.client.create<Service>(services, {
      metadata: { name: "clashing", namespace: "default" },
      spec: { ...spec, type: "LoadBalancer", externalTrafficPolicy: "Local", healthCheckNodePort: port },
    });
    await eventually(
      "the event",
      async () => (await lab.client.list<Event>(events, { namespace: "default" })).items,
      (items) =>
        items.some(
          ({ reason, involvedObject }) =>
            reason === "FailedToStartServiceHealthcheck" && involvedObject?.name === "clashing" && involvedObject?.uid,
        ),
    );
    other.close();
    await lab.client.delete(services, "clashing", { namespace: "default" });
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "../role/metrics.ts";
import { ProxyHealth } from "./health.ts";
import { createProxyMetrics } from "./metrics.ts";
import { HealthChecks, healthPages, metricsPages } from "./pages.ts";

test("each health check that was asked is told as a service level indicator: how it came out last, and how often", async () => {
  let now = 0;
  const health = new ProxyHealth([4], 1000, () => now);
  const checks = new HealthChecks();
  const pages = {
    health: healthPages(health, createProxyMetrics(new Metrics(), "iptables"), checks),
    metrics: metricsPages(new Metrics(), checks, "iptables", () => ({})),
  };
  health.updated(4);
  assert.equal((await pages.health["/livez"]!()).status, 200);
  assert.equal((await pages.health["/healthz"]!()).status, 200);
  health.queued(4);
  now = 1001;
  assert.equal((await pages.health["/livez"]!()).status, 503);
  // The metrics server is there all the same, as kube-proxy's says of its own.
  assert.equal((await pages.metrics["/healthz"]!()).body, "ok");
  const { body } = await pages.metrics["/metrics/slis"]!();
  assert.deepEqual(
    body.split("\n").filter((line) => line.startsWith("kubernetes_")),
    [
      'kubernetes_healthcheck{name="rules",type="livez"} 0',
      'kubernetes_healthcheck{name="rules",type="healthz"} 1',
      'kubernetes_healthcheck{name="ping",type="healthz"} 1',
      'kubernetes_healthchecks_total{name="rules",type="livez",status="success"} 1',
      'kubernetes_healthchecks_total{name="rules",type="healthz",status="success"} 1',
      'kubernetes_healthchecks_total{name="rules",type="livez",status="error"} 1',
      'kubernetes_healthchecks_total{name="ping",type="healthz",status="success"} 1',
    ],
  );
});

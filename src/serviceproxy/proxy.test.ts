import assert from "node:assert/strict";
import { test } from "node:test";
import pino from "pino";
import type { KubernetesClient, WatchOptions } from "../kubernetes/client.ts";
import { createEventRecorder } from "../kubernetes/events.ts";
import { Metrics } from "../role/metrics.ts";
import { ProxyEvents } from "./events.ts";
import { ProxyHealth } from "./health.ts";
import { createProxyMetrics } from "./metrics.ts";
import type { Mode } from "./modes/mode.ts";
import { startServiceProxy } from "./proxy.ts";

/** An API without any object, and without news. */
const client = {
  list: async () => ({ metadata: { resourceVersion: "1" }, items: [] }),
  async *watch(_: unknown, { signal }: WatchOptions) {
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  },
} as unknown as KubernetesClient;

/** A proxy that waits to be allowed to write, and what it did. */
async function waiting() {
  const calls: string[] = [];
  const note = (call: string) => async () => void calls.push(call);
  const mode: Mode = {
    family: 4,
    sync: note("sync"),
    apply: note("apply"),
    isIntact: async () => true,
    cleanup: note("cleanup"),
  };
  const asked = Promise.withResolvers<void>();
  const allowed = Promise.withResolvers<void>();
  const log = pino({ level: "silent" });
  const recorder = createEventRecorder({ client, component: "kube-proxy", host: "node", onError: assert.fail });
  const proxy = startServiceProxy({
    client,
    nodeName: "node",
    modes: [mode],
    minSyncPeriod: 0,
    syncPeriod: 30_000,
    health: new ProxyHealth([4], 60_000),
    metrics: createProxyMetrics(new Metrics(), "iptables"),
    events: new ProxyEvents(recorder, "node"),
    nodePortAddresses: () => undefined,
    mayWrite: () => {
      asked.resolve();
      return allowed.promise;
    },
    onWriting: () => calls.push("writing"),
    log,
  });
  await asked.promise;
  return { proxy, calls, allow: allowed.resolve };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("nothing is written before it is allowed", async () => {
  const { proxy, calls, allow } = await waiting();
  await turn();
  assert.deepEqual(calls, []);
  allow();
  await proxy.synced;
  await proxy.stop();
  assert.deepEqual(calls, ["writing", "sync"]);
});

test("one that was stopped while it waited writes nothing", async () => {
  const { proxy, calls, allow } = await waiting();
  await proxy.stop();
  allow();
  for (let i = 0; i < 5; i += 1) await turn();
  assert.deepEqual(calls, []);
});

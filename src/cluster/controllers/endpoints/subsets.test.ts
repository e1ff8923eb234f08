import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, Service } from "../../../kubernetes/types.ts";
import { subsetsOf } from "./subsets.ts";

function service(spec: Service["spec"] = {}): Service {
  return {
    metadata: { name: "web" },
    spec: { clusterIP: "10.96.0.9", ports: [{ name: "http", port: 80, targetPort: "http" }], ...spec },
  };
}

function pod(ip: string, { ready = true, port = 80, deleting = false } = {}): Pod {
  return {
    metadata: {
      name: ip,
      namespace: "default",
      uid: ip,
      ...(deleting && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    },
    spec: { nodeName: "n1", containers: [{ name: "c", ports: [{ name: "http", containerPort: port }] }] },
    status: { phase: "Running", podIP: ip, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

function summary(pods: Pod[], spec?: Service["spec"], limit?: number) {
  const { subsets, truncated } = subsetsOf(service(spec), pods, limit);
  const lines = subsets.map(({ addresses = [], notReadyAddresses = [], ports = [] }) => {
    const list = (entries: { ip: string }[]) => entries.map(({ ip }) => ip).join(" ");
    return `${ports.map(({ port }) => port).join()}: ${list(addresses)} | ${list(notReadyAddresses)}`;
  });
  return { lines, truncated };
}

test("ready and not ready addresses by their ports, in order", () => {
  const pods = [pod("10.0.0.3"), pod("10.0.0.1", { ready: false }), pod("10.0.0.2"), pod("10.0.0.4", { port: 81 })];
  assert.deepEqual(summary(pods).lines, ["80: 10.0.0.2 10.0.0.3 | 10.0.0.1", "81: 10.0.0.4 | "]);
});

test("addresses are of the primary family", () => {
  const dual = (four: string, six: string) => {
    const one = pod(four);
    one.status!.podIPs = [{ ip: four }, { ip: six }];
    return one;
  };
  const pods = [dual("10.0.0.3", "fd00::3"), pod("10.0.0.4")];
  assert.deepEqual(summary(pods, { ipFamilies: ["IPv4", "IPv6"] }).lines, ["80: 10.0.0.3 10.0.0.4 | "]);
  assert.deepEqual(summary(pods, { ipFamilies: ["IPv6", "IPv4"] }).lines, ["80: fd00::3 | "]);
});

test("terminating Pods are in it only when not ready addresses are published", () => {
  const pods = [pod("10.0.0.1", { deleting: true }), pod("10.0.0.2", { ready: false })];
  assert.deepEqual(summary(pods).lines, ["80:  | 10.0.0.2"]);
  assert.deepEqual(summary(pods, { publishNotReadyAddresses: true }).lines, ["80: 10.0.0.1 10.0.0.2 | "]);
});

test("only a headless Service may be without ports", () => {
  assert.deepEqual(summary([pod("10.0.0.1")], { ports: [] }).lines, []);
  assert.deepEqual(summary([pod("10.0.0.1")], { ports: [], clusterIP: "None" }).lines, [": 10.0.0.1 | "]);
});

test("above the limit ready addresses are kept first", () => {
  const pods = [pod("10.0.0.1", { ready: false }), pod("10.0.0.2"), pod("10.0.0.3")];
  assert.deepEqual(summary(pods, {}, 2), { lines: ["80: 10.0.0.2 10.0.0.3 | "], truncated: true });
  assert.equal(summary(pods, {}, 3).truncated, false);
});

test("the limit is Kubernetes' 1000", () => {
  const pods = Array.from({ length: 1001 }, (_, index) => pod(`10.1.${index >> 8}.${index & 255}`));
  const { subsets, truncated } = subsetsOf(service(), pods);
  assert.equal(subsets[0]?.addresses?.length, 1000);
  assert.equal(truncated, true);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice, Service } from "../kubernetes/types.ts";
import { compileService, type NodeContext } from "./compile/compile.ts";
import { slimService, slimSlice } from "./slim.ts";

const service: Service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: "web",
    namespace: "shop",
    uid: "u",
    resourceVersion: "7",
    labels: { a: "b" },
    annotations: { c: "d" },
  },
  spec: {
    clusterIP: "10.96.0.20",
    clusterIPs: ["10.96.0.20"],
    type: "LoadBalancer",
    selector: { app: "web" },
    ports: [{ name: "http", port: 80, nodePort: 30_080, protocol: "TCP" }],
    externalIPs: ["192.0.2.1"],
    loadBalancerSourceRanges: ["203.0.113.0/24"],
    sessionAffinity: "ClientIP",
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } },
    internalTrafficPolicy: "Local",
    externalTrafficPolicy: "Local",
    healthCheckNodePort: 32_000,
  },
  status: { loadBalancer: { ingress: [{ ip: "192.0.2.2" }] }, conditions: [] },
};
const slice: EndpointSlice = {
  metadata: {
    name: "web-1",
    namespace: "shop",
    uid: "v",
    resourceVersion: "8",
    labels: { "kubernetes.io/service-name": "web", app: "web" },
    annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z", other: "x" },
  },
  addressType: "IPv4",
  ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  endpoints: [
    {
      addresses: ["10.1.0.1"],
      nodeName: "n",
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: "Pod", name: "web-abc" },
      hints: { forZones: [{ name: "z" }] },
      zone: "z",
    },
  ],
};

test("what is left out means nothing to the compiler", () => {
  const node: NodeContext = { nodeName: "n", zone: "z", addresses: [], families: [4] };
  const whole = compileService(service, [slice], node);
  assert.equal(whole.rows.length, 1);
  assert.deepEqual(compileService(slimService(service), [slimSlice(slice)], node), whole);
});

test("only what is read is kept", () => {
  assert.deepEqual(slimService(service).metadata, { name: "web", namespace: "shop", uid: "u", resourceVersion: "7" });
  assert.equal(slimService(service).spec?.selector, undefined);
  assert.deepEqual(slimSlice(slice).metadata, {
    name: "web-1",
    namespace: "shop",
    uid: "v",
    resourceVersion: "8",
    labels: { "kubernetes.io/service-name": "web" },
    annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z" },
  });
  assert.deepEqual(Object.keys(slimSlice(slice).endpoints[0]!).sort(), [
    "addresses",
    "conditions",
    "hints",
    "nodeName",
  ]);
});

test("malformed objects pass through", () => {
  const odd = { metadata: {}, endpoints: null } as unknown as EndpointSlice;
  assert.equal(slimSlice(odd).endpoints, null);
  assert.deepEqual(slimSlice({ ...odd, endpoints: [null] } as unknown as EndpointSlice).endpoints, [null]);
  assert.deepEqual(slimService({}), { metadata: {} });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../kubernetes/types.ts";
import { isServiceAddress } from "./api-address.ts";

test("an API address that only the proxy's own rules lead to is known", () => {
  const service: Service = { spec: { clusterIP: "10.96.0.1", clusterIPs: ["10.96.0.1", "fd00:96::1"] } };
  const env = { KUBERNETES_SERVICE_HOST: "10.97.0.1" };
  const table: [host: string | undefined, expected: boolean][] = [
    [undefined, false],
    ["198.18.0.2", false],
    ["10.96.0.1", true],
    ["[fd00:96::1]", true],
    ["10.97.0.1", true],
    ["kubernetes", true],
    ["kubernetes.default", true],
    ["kubernetes.default.svc.cluster.local", true],
    ["kubernetes.example.com", false],
  ];
  for (const [host, expected] of table) assert.equal(isServiceAddress(host, service, env), expected, String(host));
  assert.equal(isServiceAddress("10.96.0.1", undefined, {}), false);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice, Node, Service } from "../../../kubernetes/types.ts";
import { reachedAddresses } from "./reached.ts";

const nodes: Node[] = [1, 2, 3].map((number) => ({
  metadata: { name: `node${number}` },
  status: {
    addresses: [
      { type: "Hostname", address: `node${number}` },
      { type: "InternalIP", address: `198.18.0.${number}` },
      { type: "InternalIP", address: `fd00::${number}` },
    ],
  },
}));

/** Endpoints as node and readiness. */
function slice(addressType: string, ...endpoints: [nodeName: string, ready?: boolean][]): EndpointSlice {
  return {
    addressType,
    ports: [],
    endpoints: endpoints.map(([nodeName, ready]) => ({ addresses: [], nodeName, conditions: { ready } })),
  };
}

const service = (externalTrafficPolicy: string, ...ipFamilies: string[]): Service => ({
  spec: { externalTrafficPolicy, ipFamilies },
});

test("a Service is reached at every node, by its families", () => {
  const reached = (...families: string[]) => reachedAddresses(service("Cluster", ...families), nodes, []);
  assert.deepEqual(reached("IPv4"), ["198.18.0.1", "198.18.0.2", "198.18.0.3"]);
  assert.deepEqual(reached("IPv6", "IPv4").slice(0, 2), ["198.18.0.1", "fd00::1"]);
});

test("under Local it is reached where it has a ready endpoint of that family", () => {
  const slices = [slice("IPv4", ["node1", false], ["node2"]), slice("IPv6", ["node3", true], ["node2", false])];
  assert.deepEqual(reachedAddresses(service("Local", "IPv4", "IPv6"), nodes, slices), ["198.18.0.2", "fd00::3"]);
  assert.deepEqual(reachedAddresses(service("Local", "IPv4"), nodes, []), []);
});

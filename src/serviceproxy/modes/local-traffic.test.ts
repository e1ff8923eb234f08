import assert from "node:assert/strict";
import { test } from "node:test";
import { type LocalTrafficByFamily, localTrafficOf } from "./local-traffic.ts";

const nothing = { detectLocalMode: "", detectLocal: { bridgeInterface: "", interfaceNamePrefix: "" }, clusterCIDR: "" };
const podCIDRs = ["10.32.4.0/22", "fd00:4::/64"];

const table: [name: string, said: Partial<typeof nothing>, expected: LocalTrafficByFamily][] = [
  ["nothing is known", {}, {}],
  ["one range", { clusterCIDR: "10.32.1.0/12" }, { 4: { kind: "cidr", cidr: "10.32.0.0/12" } }],
  [
    "both families",
    { detectLocalMode: "ClusterCIDR", clusterCIDR: "fd00::/48, 10.32.0.0/12" },
    { 4: { kind: "cidr", cidr: "10.32.0.0/12" }, 6: { kind: "cidr", cidr: "fd00::/48" } },
  ],
  [
    "the node's ranges",
    { detectLocalMode: "NodeCIDR", clusterCIDR: "10.0.0.0/8" },
    { 4: { kind: "cidr", cidr: "10.32.4.0/22" }, 6: { kind: "cidr", cidr: "fd00:4::/64" } },
  ],
  [
    "a bridge",
    { detectLocalMode: "BridgeInterface", detectLocal: { bridgeInterface: "br0", interfaceNamePrefix: "" } },
    { 4: { kind: "bridge", name: "br0" }, 6: { kind: "bridge", name: "br0" } },
  ],
  [
    "a prefix",
    { detectLocalMode: "InterfaceNamePrefix", detectLocal: { bridgeInterface: "", interfaceNamePrefix: "veth" } },
    { 4: { kind: "prefix", prefix: "veth" }, 6: { kind: "prefix", prefix: "veth" } },
  ],
];
for (const [name, said, expected] of table)
  test(`Pods' traffic: ${name}`, () => assert.deepEqual(localTrafficOf({ ...nothing, ...said }, podCIDRs), expected));

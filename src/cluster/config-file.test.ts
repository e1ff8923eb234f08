import assert from "node:assert/strict";
import { test } from "node:test";
import { parseClusterConfig } from "./config-file.ts";

const good = {
  name: "lab",
  nodeCIDR: "198.18.0.0/24",
  podCIDR: "10.32.0.0/12",
  serviceCIDR: "10.96.0.0/12",
  nodePortRange: [30_000, 32_767],
  hostAddress: "198.18.0.1",
  apiAddress: "198.18.0.2",
  apiPort: 6443,
  clusterDomain: "cluster.local",
  dnsAddress: "10.96.0.10",
  timings: { leaseRenewInterval: 1000, nodeMonitorGrace: 5000, podEviction: 5000 },
};

test("what the supervisor writes is read", () => {
  assert.deepEqual(parseClusterConfig(JSON.stringify(good), "f"), good);
  const more = { ...good, zones: ["a", "b"], dataDir: "/var/lib/lab", imagesFile: "/etc/images.yaml" };
  assert.deepEqual(parseClusterConfig(JSON.stringify(more), "f"), more);
});

for (const [what, change, message] of [
  ["a name that is no label", { name: "Lab_1" }, /^f: name must be a label of at most 11, is "Lab_1"$/],
  ["a prefix that is none", { podCIDR: "10.32.0.0" }, /podCIDR must be an IPv4 prefix, is "10\.32\.0\.0"/],
  ["an address that is none", { dnsAddress: "10.96.0.256" }, /dnsAddress must be an IPv4 address/],
  ["a port that is none", { apiPort: "6443" }, /apiPort must be a port, is "6443"/],
  ["half a range", { nodePortRange: [30_000] }, /nodePortRange must be \[first, last\], is \[30000\]/],
  ["a time that is none", { timings: { ...good.timings, podEviction: 0 } }, /timings must be .*podEviction/],
  [
    "two at once",
    { apiPort: 0, clusterDomain: undefined },
    /apiPort must be a port, is 0; clusterDomain must be .*missing/,
  ],
] as const)
  test(`refused: ${what}`, () => {
    assert.throws(() => parseClusterConfig(JSON.stringify({ ...good, ...change }), "f"), { message });
  });

test("refused: what is no JSON object", () => {
  assert.throws(() => parseClusterConfig("{", "f"), /^Error: f is not JSON/);
  for (const text of ["null", "[]", "3"])
    assert.throws(() => parseClusterConfig(text, "f"), /must hold one JSON object/);
});

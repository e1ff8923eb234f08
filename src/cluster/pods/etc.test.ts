import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodSpec } from "../../kubernetes/types.ts";
import { etcFiles, hostnameOf } from "./etc.ts";

const config = { clusterDomain: "cluster.local", dnsAddress: "10.96.0.10" };
const node = {
  resolvConf: "# a comment\nnameserver 192.0.2.53\nsearch lan\noptions edns0 timeout:2\n",
  hosts: "127.0.0.1 localhost node1\n",
};

function files(spec: Partial<PodSpec>) {
  const pod = { metadata: { name: "web-0", namespace: "shop" }, spec: { containers: [], ...spec } };
  return etcFiles({ pod, config, podIPs: ["10.32.0.2", "fd00:10:32::2"], node });
}

const cluster =
  "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n";
const own = "search lan\nnameserver 192.0.2.53\noptions edns0 timeout:2\n";
for (const [what, spec, expected] of [
  ["no policy", {}, cluster],
  ["ClusterFirst", { dnsPolicy: "ClusterFirst" }, cluster],
  ["ClusterFirst on the node's network", { dnsPolicy: "ClusterFirst", hostNetwork: true }, own],
  ["ClusterFirstWithHostNet", { dnsPolicy: "ClusterFirstWithHostNet", hostNetwork: true }, cluster],
  ["Default", { dnsPolicy: "Default" }, own],
  [
    "None with a dnsConfig",
    {
      dnsPolicy: "None",
      dnsConfig: {
        nameservers: ["192.0.2.1"],
        searches: ["a"],
        options: [{ name: "ndots", value: "1" }, { name: "rotate" }],
      },
    },
    "search a\nnameserver 192.0.2.1\noptions ndots:1 rotate\n",
  ],
  [
    "a dnsConfig over ClusterFirst",
    { dnsConfig: { searches: ["lan", "cluster.local"], options: [{ name: "ndots", value: "2" }] } },
    "search shop.svc.cluster.local svc.cluster.local cluster.local lan\nnameserver 10.96.0.10\noptions ndots:2\n",
  ],
] as [string, Partial<PodSpec>, string][])
  test(`resolv.conf with ${what}`, () => {
    assert.equal(files(spec)["resolv.conf"], expected);
  });

test("hosts knows the Pod by its name, by its name in a headless Service, and its aliases", () => {
  assert.match(files({}).hosts, /^10\.32\.0\.2\tweb-0$/m);
  assert.match(
    files({ hostname: "db", subdomain: "dbs" }).hosts,
    /^10\.32\.0\.2\tdb\.dbs\.shop\.svc\.cluster\.local\tdb$/m,
  );
  assert.match(files({ hostAliases: [{ ip: "192.0.2.7", hostnames: ["a", "b"] }] }).hosts, /^192\.0\.2\.7\ta\tb$/m);
  assert.match(files({ hostNetwork: true }).hosts, /^127\.0\.0\.1 localhost node1$/m);
});

test("a host name ends where 63 characters end, and not in a dash", () => {
  assert.equal(hostnameOf({ metadata: { name: `${"a".repeat(62)}-b` } }), "a".repeat(62));
  assert.equal(files({}).hostname, "web-0\n");
});

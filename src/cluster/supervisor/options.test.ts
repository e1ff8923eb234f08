import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OptionError } from "./option-error.ts";
import { checkOptions, clusterConfig, defaultOptions, type UpOptions } from "./options.ts";

const options = (changes: Partial<UpOptions>): UpOptions => ({ ...defaultOptions, manifests: [], ...changes });

describe("options of fairway up", () => {
  const good: Partial<UpOptions>[] = [
    {},
    { name: "a" },
    { name: "eleven-long" },
    { nodes: 245 },
    { podCIDR: "172.16.0.0/22", nodes: 1 },
    { serviceCIDR: "10.200.0.0/24", nodeCIDR: "10.201.0.0/24" },
    { nodePortRange: [30_000, 30_000] },
    { zones: ["eu-1a", "eu-1b"] },
    { ipv6: { nodeCIDR: "fd01::/64", podCIDR: "fd02::/56", serviceCIDR: "fd03::/120" } },
    { ipFamily: "ipv4" },
  ];
  for (const changes of good) test(`${JSON.stringify(changes)} is taken`, () => checkOptions(options(changes)));

  const { ipv6 } = defaultOptions;
  const bad: [Partial<UpOptions>, RegExp][] = [
    [{ name: "twelve-chars" }, /^--name: "twelve-chars" must be 1 to 11/],
    [{ name: "Upper" }, /^--name/],
    [{ name: "-a" }, /^--name/],
    [{ name: "a/../b" }, /^--name/],
    [{ podCIDR: "10.32.0.0" }, /^--pod-cidr: "10\.32\.0\.0" is no IPv4 range/],
    [{ podCIDR: "10.32.0.1/12" }, /^--pod-cidr: .*\(bits behind the length/],
    [{ podCIDR: "10.32.0.0/24" }, /^--pod-cidr: 10\.32\.0\.0\/24 must be between a \/8 and a \/22/],
    [{ podCIDR: "fd00::/64" }, /^--pod-cidr: "fd00::\/64" is no IPv4 range/],
    [{ podCIDR: "10.96.0.0/16" }, /^--service-cidr: 10\.96\.0\.0\/12 overlaps --pod-cidr 10\.96\.0\.0\/16/],
    [{ podCIDR: "10.0.0.0/22" }, /^--nodes: 10\.0\.0\.0\/22 \(--pod-cidr\) has room for 1 nodes/],
    [{ serviceCIDR: "127.0.0.0/16" }, /^--service-cidr: 127\.0\.0\.0\/16 overlaps 127\.0\.0\.0\/8 \(loopback\)/],
    [{ serviceCIDR: "10.96.0.0/28" }, /^--service-cidr: .* between a \/12 and a \/24/],
    [{ podCIDR: "169.0.0.0/8" }, /link-local/],
    [{ nodeCIDR: "198.18.0.0/25" }, /^--node-cidr: 198\.18\.0\.0\/25 must be a \/24/],
    [{ nodeCIDR: "10.32.5.0/24" }, /^--node-cidr: 10\.32\.5\.0\/24 overlaps --pod-cidr 10\.32\.0\.0\/12/],
    [{ nodePortRange: [32_000, 31_000] }, /^--node-port-range: 32000 is greater than 31000/],
    [{ ipv6: { ...ipv6, podCIDR: "fd00:10:32::/64" } }, /^--pod-cidr-ipv6: .* must be between a \/48 and a \/56/],
    [{ ipv6: { ...ipv6, podCIDR: "10.32.0.0/16" } }, /^--pod-cidr-ipv6: .* is no IPv6 range such as fd00:10:32::\/48/],
    [{ ipv6: { ...ipv6, podCIDR: "fd00:10:32::1/48" } }, /^--pod-cidr-ipv6: .* \(bits behind the length/],
    [{ ipv6: { ...ipv6, serviceCIDR: "fd00:10:96::/64" } }, /^--service-cidr-ipv6: .* between a \/108 and a \/120/],
    [{ ipv6: { ...ipv6, serviceCIDR: "fd00:10:32:5::/112" } }, /^--service-cidr-ipv6: .* overlaps --pod-cidr-ipv6/],
    [{ ipv6: { ...ipv6, nodeCIDR: "fd00:198:18::/56" } }, /^--node-cidr-ipv6: .* must be a \/64/],
    [{ ipv6: { ...ipv6, nodeCIDR: "fe80::/64" } }, /^--node-cidr-ipv6: .* overlaps fe80::\/10 \(link-local/],
    [{ zones: ["a", ""] }, /^--zones: "" must be 1 to 63 letters/],
    [{ ipFamily: "ipv4", ipv6: { ...ipv6, nodeCIDR: "fd01::/64" } }, /^--node-cidr-ipv6: fd01::\/64 has no use with/],
    [{ ipFamily: "ipv4", ipv6: { ...ipv6, podCIDR: "fd02::/56" } }, /^--pod-cidr-ipv6: .* with --ip-family ipv4/],
    [{ ipFamily: "ipv4", ipv6: { ...ipv6, serviceCIDR: "fd03::/120" } }, /^--service-cidr-ipv6: .* leave one/],
    [{ zones: ["a", "a b"] }, /^--zones: "a b" must be/],
    [{ zones: ["a", "a"] }, /^--zones: a,a names a zone twice/],
    [{ nodePortRange: [10_000, 20_000] }, /^--node-port-range: 10000-20000 holds 10250/],
    [
      { timings: { leaseRenewInterval: 5000, nodeMonitorGrace: 6000, podEviction: 1 } },
      /^--node-monitor-grace-period: .* twice --lease-renew-interval/,
    ],
  ];
  for (const [changes, message] of bad)
    test(`${JSON.stringify(changes)} is refused`, () =>
      assert.throws(
        () => checkOptions(options(changes)),
        (error) => {
          assert.ok(error instanceof OptionError);
          assert.match(error.message, message);
          return true;
        },
      ));

  test("give the addresses of the cluster", () => {
    const config = clusterConfig(options({ serviceCIDR: "10.112.0.0/16" }), { nodeCIDR: "198.18.4.0/24" });
    assert.deepEqual(
      [config.hostAddress, config.apiAddress, config.dnsAddress],
      ["198.18.4.1", "198.18.4.2", "10.112.0.10"],
    );
    assert.equal(config.ipv6, undefined);
    const dual = clusterConfig(options({}), { nodeCIDR: "198.18.4.0/24", ipv6: "fd00:198:18:4::/64" });
    assert.deepEqual(dual.ipv6, {
      nodeCIDR: "fd00:198:18:4::/64",
      podCIDR: "fd00:10:32::/48",
      serviceCIDR: "fd00:10:96::/108",
    });
  });
});

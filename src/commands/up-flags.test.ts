import assert from "node:assert/strict";
import { mkdtemp, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { defaultOptions, presets, type UpOptions } from "../cluster/supervisor/options.ts";
import { type Flags, toOptions, upCommand } from "./up-flags.ts";

async function parse(...args: string[]): Promise<UpOptions> {
  const up = upCommand().configureOutput({ writeErr: () => {} });
  await up.action(() => {}).parseAsync(args, { from: "user" });
  return toOptions(up.opts<Flags & Record<string, unknown>>());
}

describe("flags of fairway up", () => {
  let directory: string;
  before(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), "fairway-flags-")));
    await writeFile(join(directory, "a.yaml"), "");
    await writeFile(join(directory, "images.yaml"), "images: [\n");
  });
  after(() => rm(directory, { recursive: true }));

  test("have defaults", async () => {
    assert.deepEqual(JSON.parse(JSON.stringify(await parse())), { ...defaultOptions, manifests: [] });
  });

  const given: [args: string[], changes: Partial<UpOptions>][] = [
    [["--name", "lab", "--nodes", "5", "--detach", "--json"], { name: "lab", nodes: 5, detach: true, json: true }],
    [["--node-cidr", "10.9.8.0/24"], { nodeCIDR: "10.9.8.0/24" }],
    [
      ["--pod-cidr=172.16.0.0/16", "--service-cidr=172.18.0.0/16"],
      { podCIDR: "172.16.0.0/16", serviceCIDR: "172.18.0.0/16" },
    ],
    [["--ip-family", "ipv4"], { ipFamily: "ipv4" }],
    [
      ["--node-cidr-ipv6=fd01::/64", "--pod-cidr-ipv6=fd02::/48", "--service-cidr-ipv6=fd03::/112"],
      { ipv6: { nodeCIDR: "fd01::/64", podCIDR: "fd02::/48", serviceCIDR: "fd03::/112" } },
    ],
    [["--node-port-range", "31000-31999", "--api-port", "8443"], { nodePortRange: [31_000, 31_999], apiPort: 8443 }],
    [["--timings", "kubernetes"], { timings: presets.kubernetes! }],
    [
      ["--timings", "kubernetes", "--pod-eviction-timeout", "1m30s"],
      { timings: { ...presets.kubernetes!, podEviction: 90_000 } },
    ],
    [
      ["--lease-renew-interval", "500ms", "--node-monitor-grace-period", "2s"],
      { timings: { ...presets.fast!, leaseRenewInterval: 500, nodeMonitorGrace: 2000 } },
    ],
  ];
  for (const [args, changes] of given)
    test(args.join(" "), async () => {
      const { manifests, ...rest } = JSON.parse(JSON.stringify(await parse(...args))) as UpOptions;
      assert.deepEqual([manifests, rest], [[], { ...defaultOptions, ...changes }]);
    });

  test("make paths absolute and the data directory", async () => {
    const data = join(directory, "new", "data");
    const options = await parse("-f", join(directory, "a.yaml"), directory, "--data", data);
    assert.deepEqual([options.manifests, options.dataDir], [[join(directory, "a.yaml"), directory], data]);
  });

  test("take standard input for a manifest, beside others", async () => {
    const { manifests } = await parse("-f", "-", "-f", directory);
    assert.deepEqual(manifests, ["-", directory]);
  });

  test("make no data directory when something else is refused", async () => {
    const data = join(directory, "never");
    await assert.rejects(parse("--data", data, "--zones", "a,a"));
    await assert.rejects(stat(data), { code: "ENOENT" });
  });

  const modes: [args: string[], modes: UpOptions["proxyModes"]][] = [
    [["nftables"], { others: "nftables", nodes: {} }],
    [["node2=userspace"], { nodes: { node2: "userspace" } }],
    [["nftables,node2=userspace"], { others: "nftables", nodes: { node2: "userspace" } }],
    [["nftables", "node2=userspace,a=iptables"], { others: "nftables", nodes: { node2: "userspace", a: "iptables" } }],
  ];
  for (const [values, expected] of modes)
    test(`--proxy-mode ${values.join(" and ")}`, async () => {
      const { proxyModes } = await parse(...values.flatMap((value) => ["--proxy-mode", value]));
      assert.deepEqual(JSON.parse(JSON.stringify(proxyModes)), expected);
    });

  const bad: [args: () => string[], message: RegExp][] = [
    [() => ["--proxy-mode", "ip_tables"], /"ip_tables" is none of iptables/],
    [() => ["--proxy-mode", ""], /"" is none of/],
    [() => ["--proxy-mode", "nftables,"], /"" is none of/],
    [() => ["--proxy-mode", "constructor"], /"constructor" is none of/],
    [() => ["--proxy-mode", "node1="], /"" is none of/],
    [() => ["--proxy-mode", "=nftables"], /"=nftables" names no node/],
    [() => ["--proxy-mode", "a=b=nftables"], /"b=nftables" is none of/],
    [() => ["--proxy-mode", "a=nftables,a=nftables"], /a is given two modes/],
    [() => ["--proxy-mode", "nftables,userspace"], /nftables and userspace are both for all nodes/],
    [() => ["--proxy-mode", "nftables", "--proxy-mode", "iptables"], /nftables and iptables are both for all nodes/],
    [() => ["--proxy-mode", "Node_1=nftables"], /"Node_1" must be 1 to 63/],
    [() => ["-f", "-", "-"], /-f: - \(standard input\) can be read only once/],
    [() => ["-f", "/dev/null"], /-f: \/dev\/null is no regular file or directory/],
    [() => ["-f", join(directory, "none.yaml")], /-f: .*none\.yaml cannot be read/],
    [() => ["--images", directory], /--images: .* is no regular file/],
    [() => ["--images", join(directory, "images.yaml")], /--images: .*images\.yaml:2/],
    [() => ["--data", join(directory, "a.yaml")], /--data: .* cannot be used/],
    [() => ["--data", "/var/run/lab"], /--data: \/var\/run\/lab is under \/run/],
    [() => ["--timings", "constructor"], /It is one of fast, kubernetes/],
    [() => ["--nodes", "1e2"], /It must be a number from 1 to 245/],
    [() => ["--nodes", "-1"], /It must be a number from 1 to 245/],
    [() => ["--api-port", "65536"], /It must be a number from 1 to 65535/],
    [() => ["--node-port-range", "30000"], /It must look like 30000-32767/],
    [() => ["--lease-renew-interval", "1.5s"], /It must be a duration/],
    [() => ["--lease-renew-interval", "0s"], /It must be a duration/],
    [() => ["--lease-renew-interval", "25h"], /It must be a duration/],
    [() => ["extra"], /too many arguments/],
    [() => ["--nam", "a"], /unknown option '--nam'\n\(Did you mean --name\?\)/],
  ];
  for (const [args, message] of bad)
    test(`refuse ${message.source}`, async () => {
      await assert.rejects(parse(...args()), (error: Error) => {
        assert.match(error.message, message);
        return true;
      });
    });
});

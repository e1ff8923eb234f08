import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { OptionError } from "./option-error.ts";
import { defaultOptions, type UpOptions } from "./options.ts";
import { remember } from "./remembered.ts";

describe("what a data directory remembers", () => {
  let dataDir: string;
  let options: UpOptions;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "fairway-data-"));
    options = { ...defaultOptions, manifests: [], dataDir };
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  test("is nothing without one, and nothing at first", async () => {
    assert.deepEqual((await remember({ ...options, dataDir: undefined })).nodes, {});
    const { nodes, ranges } = await remember(options);
    assert.deepEqual([nodes, ranges], [{}, {}]);
  });

  test("is the nodes' range and addresses, and the modes of their proxies", async () => {
    const state = {
      nodeCIDR: "198.18.3.0/24",
      nodes: { node1: 10, other: 12 },
      proxyModes: { others: "iptables", nodes: { other: "nftables" } },
    };
    await (await remember(options)).save(state);
    const { ranges, nodes, proxyModes } = await remember(options);
    assert.deepEqual({ nodeCIDR: ranges.nodeCIDR, nodes, proxyModes }, state);
  });
  test("of a cluster that was made before modes were remembered are none", async () => {
    const text = '{"podCIDR":"10.32.0.0/12","serviceCIDR":"10.96.0.0/12","nodeCIDR":"198.18.3.0/24","nodes":{}}';
    await writeFile(join(dataDir, "cluster.json"), text);
    assert.deepEqual((await remember(options)).proxyModes, { nodes: {} });
  });

  const ipv6 = { ...defaultOptions.ipv6, nodeCIDR: "fd00:198:18:3::/64" };
  const state = { nodeCIDR: "198.18.3.0/24", nodes: {}, proxyModes: { nodes: {} } };
  test("is the ranges of IPv6 too, also while the cluster is up without", async () => {
    const save = async (change: Partial<UpOptions>, family?: typeof ipv6) =>
      (await remember({ ...options, ...change })).save({ ...state, ipv6: family });
    await save({ ipFamily: "ipv4" });
    assert.equal((await remember(options)).ranges.ipv6, undefined);
    await save({}, ipv6);
    await save({ ipFamily: "ipv4", ipv6: { podCIDR: "fd99::/48", serviceCIDR: "fd98::/108" } });
    assert.equal((await remember(options)).ranges.ipv6, "fd00:198:18:3::/64");
  });

  for (const [flag, change] of [
    ["--pod-cidr", { podCIDR: "10.48.0.0/12" }],
    ["--service-cidr", { serviceCIDR: "10.112.0.0/12" }],
    ["--pod-cidr-ipv6", { ipv6: { ...defaultOptions.ipv6, podCIDR: "fd00:10:48::/48" } }],
    ["--service-cidr-ipv6", { ipv6: { ...defaultOptions.ipv6, serviceCIDR: "fd00:10:112::/108" } }],
  ] as const)
    test(`refuses another ${flag}, which stored objects have their addresses from`, async () => {
      await (await remember(options)).save({ ...state, ipv6 });
      await assert.rejects(remember({ ...options, ...change }), (error) => {
        assert.ok(
          error instanceof OptionError && error.message.startsWith(`${flag}: the cluster in ${dataDir} was made with`),
        );
        return true;
      });
    });

  const damaged = (change: object) => JSON.stringify({ podCIDR: "a", serviceCIDR: "b", ...state, ...change });
  for (const text of [
    "",
    "{",
    "null",
    "{}",
    damaged({ nodeCIDR: "198.18.0.0/16" }),
    damaged({ proxyModes: { nodes: { a: 1 } } }),
    damaged({ ipv6: { nodeCIDR: "fd00::/48" } }),
  ])
    test(`says what to do with ${JSON.stringify(text)}`, async () => {
      await writeFile(join(dataDir, "cluster.json"), text);
      await assert.rejects(remember(options), /cluster\.json cannot be read \(.*\): mend it, or remove it/);
    });
});

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { defaultOptions, OptionError, type UpOptions } from "./options.ts";
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
    const { nodes, nodeCIDR } = await remember(options);
    assert.deepEqual([nodes, nodeCIDR], [{}, undefined]);
  });

  test("is the nodes' range and addresses, and the modes of their proxies", async () => {
    const state = {
      nodeCIDR: "198.18.3.0/24",
      nodes: { node1: 10, other: 12 },
      proxyModes: { others: "iptables", nodes: { other: "nftables" } },
    };
    await (await remember(options)).save(state);
    const { save, ...found } = await remember(options);
    assert.deepEqual(found, state);
  });
  test("of a cluster that was made before modes were remembered are none", async () => {
    const text = '{"podCIDR":"10.32.0.0/12","serviceCIDR":"10.96.0.0/12","nodeCIDR":"198.18.3.0/24","nodes":{}}';
    await writeFile(join(dataDir, "cluster.json"), text);
    assert.deepEqual((await remember(options)).proxyModes, { nodes: {} });
  });

  for (const [flag, change] of [
    ["--pod-cidr", { podCIDR: "10.48.0.0/12" }],
    ["--service-cidr", { serviceCIDR: "10.112.0.0/12" }],
  ] as const)
    test(`refuses another ${flag}, which stored objects have their addresses from`, async () => {
      await (await remember(options)).save({ nodeCIDR: "198.18.3.0/24", nodes: {}, proxyModes: { nodes: {} } });
      await assert.rejects(remember({ ...options, ...change }), (error) => {
        assert.ok(
          error instanceof OptionError && error.message.startsWith(`${flag}: the cluster in ${dataDir} was made with`),
        );
        return true;
      });
    });

  const proxyModes =
    '{"podCIDR":"a","serviceCIDR":"b","nodeCIDR":"198.18.0.0/24","nodes":{},"proxyModes":{"nodes":{"a":1}}}';
  const range = '{"podCIDR":"a","serviceCIDR":"b","nodeCIDR":"198.18.0.0/16","nodes":{}}';
  for (const text of ["", "{", "null", "{}", range, proxyModes])
    test(`says what to do with ${JSON.stringify(text)}`, async () => {
      await writeFile(join(dataDir, "cluster.json"), text);
      await assert.rejects(remember(options), /cluster\.json cannot be read \(.*\): mend it, or remove it/);
    });
});

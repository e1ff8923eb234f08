import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseAddress } from "../../ip/address.ts";
import { parsePrefix, prefixContains } from "../../ip/prefix.ts";
import { NodeAddresses, nodeRangeCandidates, partnerAddress, type RangeWishes, takenRanges } from "./addresses.ts";

const taken = (...prefixes: string[]) => takenRanges(prefixes.map((prefix) => ({ prefix, device: "eth0" })));

/** The candidates without IPv6. */
const ranges = (wishes: Partial<RangeWishes> = {}) =>
  [...nodeRangeCandidates({ taken: [], reserved: [], dualStack: false, ...wishes })].map(({ nodeCIDR }) => nodeCIDR);
const pairs = (wishes: Partial<RangeWishes> = {}) =>
  [...nodeRangeCandidates({ taken: [], reserved: [], dualStack: true, ...wishes })].map(
    ({ nodeCIDR, ipv6 }) => `${nodeCIDR} ${ipv6}`,
  );

describe("the range of the nodes", () => {
  test("is the first free /24 of the benchmark range", () => {
    const [first, second] = ranges({ taken: taken("192.0.2.0/24", "fd00::/8") });
    assert.deepEqual([first, second], ["198.18.0.0/24", "198.18.1.0/24"]);
    assert.equal(ranges().at(-1), "198.19.255.0/24");
  });
  test("keeps away from what the host can reach, single addresses too", () => {
    const [first] = ranges({ taken: taken("198.18.0.0/24", "198.18.1.7", "198.18.2.0/23") });
    assert.equal(first, "198.18.4.0/24");
  });
  test("keeps away from the cluster's other ranges", () => {
    assert.equal(ranges({ reserved: [parsePrefix("198.18.0.0/16")!] })[0], "198.19.0.0/24");
  });
  test("is the one of last time, if that is free", () => {
    const remembered = { nodeCIDR: "198.18.9.0/24" };
    assert.equal(ranges({ remembered })[0], "198.18.9.0/24");
    assert.equal(ranges({ remembered, taken: taken("198.18.9.0/24") })[0], "198.18.0.0/24");
  });
  test("that was asked for and is taken is refused with flag and route", () => {
    assert.throws(
      () => ranges({ taken: taken("10.0.0.0/8"), wanted: { nodeCIDR: "10.1.2.0/24" } }),
      /^OptionError: --node-cidr: 10\.1\.2\.0\/24 overlaps the host's route to 10\.0\.0\.0\/8 \(eth0\)/,
    );
  });
  test("is refused when nothing is left", () => {
    assert.throws(() => ranges({ taken: taken("198.18.0.0/15") }), /every \/24 of 198\.18\.0\.0\/15 is in use/);
  });
});

describe("the IPv6 range of the nodes", () => {
  const remembered = { nodeCIDR: "198.18.9.0/24", ipv6: "fd09::/64" };
  const cases: [title: string, wishes: Partial<RangeWishes>, first: string][] = [
    ["reads as the IPv4 one", {}, "198.18.0.0/24 fd00:198:18::/64"],
    ["also in the middle", { taken: taken("198.18.0.0/24") }, "198.18.1.0/24 fd00:198:18:1::/64"],
    ["keeps away from the host's", { taken: taken("fd00:198:18::5") }, "198.18.1.0/24 fd00:198:18:1::/64"],
    ["is the one of last time", { remembered }, "198.18.9.0/24 fd09::/64"],
    ["if that is free", { remembered, taken: taken("fd09::/16") }, "198.18.9.0/24 fd00:198:18:9::/64"],
    ["is the one that was asked for", { remembered, wanted: { ipv6: "fd08::/64" } }, "198.18.9.0/24 fd08::/64"],
    ["goes with a range that was asked for", { wanted: { nodeCIDR: "10.9.8.0/24" } }, "10.9.8.0/24 fd00:10:9:8::/64"],
  ];
  for (const [title, wishes, first] of cases) test(title, () => assert.equal(pairs(wishes)[0], first));
  test("that was asked for and is taken is refused with flag and route", () => {
    assert.throws(
      () => pairs({ taken: taken("fd08::/16"), wanted: { ipv6: "fd08::/64" } }),
      /^OptionError: --node-cidr-ipv6: fd08::\/64 overlaps the host's route to fd08::\/16 \(eth0\)/,
    );
  });
  test("is refused when it is another range's", () => {
    const reserved = [parsePrefix("fd00:10:32::/48")!];
    assert.throws(
      () => pairs({ reserved, wanted: { nodeCIDR: "10.32.5.0/24" } }),
      /^OptionError: --node-cidr-ipv6: fd00:10:32:5::\/64 is in use/,
    );
  });
  test("gives an address to each of IPv4", () => {
    const config = {
      nodeCIDR: "198.18.4.0/24",
      ipv6: { nodeCIDR: "fd00:198:18:4::/64", podCIDR: "", serviceCIDR: "" },
    };
    assert.equal(partnerAddress(config, "198.18.4.10"), "fd00:198:18:4::a");
    assert.equal(partnerAddress({ nodeCIDR: "198.18.4.0/24" }, "198.18.4.10"), undefined);
  });
});

describe("addresses of nodes", () => {
  const names = fc.constantFrom("node1", "node2", "node3", "node4", "node5", "node6");
  const edits = fc.array(fc.tuple(fc.constantFrom("assign", "release"), names), { maxLength: 60 });

  test("are in range, different, and stay while the node does, whatever comes and goes", () => {
    fc.assert(
      fc.property(edits, (sequence) => {
        const addresses = new NodeAddresses("198.18.7.0/24");
        const model = new Map<string, string>();
        for (const [edit, name] of sequence) {
          if (edit === "release") {
            addresses.release(name);
            model.delete(name);
            continue;
          }
          const address = addresses.assign(name);
          assert.equal(address, model.get(name) ?? address);
          model.set(name, address);
          const place = Number(address.split(".")[3]);
          const inRange = prefixContains(parsePrefix("198.18.7.0/24")!, parseAddress(address)!);
          assert.ok(inRange && place >= 10 && place <= 254);
        }
        assert.equal(new Set(model.values()).size, model.size);

        const again = new NodeAddresses("198.19.3.0/24");
        again.restore(JSON.parse(JSON.stringify(addresses.save())));
        for (const [name, address] of model)
          assert.equal(again.assign(name), address.replace("198.18.7.", "198.19.3."), "the same ones after a restart");
      }),
    );
  });
  test("end after 245 nodes", () => {
    const addresses = new NodeAddresses("198.18.0.0/24");
    for (let number = 1; number <= 245; number += 1) addresses.assign(`node${number}`);
    assert.equal(addresses.assign("node245"), "198.18.0.254");
    assert.throws(() => addresses.assign("node246"), /no address is left for node "node246"/);
  });
  test("of a damaged state are passed over", () => {
    const addresses = new NodeAddresses("198.18.0.0/24");
    addresses.restore({ a: 1, b: 300, c: 12.5, d: 20, e: 20 });
    assert.deepEqual(addresses.save(), { d: 20 });
  });
});

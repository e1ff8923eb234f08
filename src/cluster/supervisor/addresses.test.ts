import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { contains, parseIPv4, parsePrefix } from "../../ip/ipv4.ts";
import { NodeAddresses, nodeRangeCandidates, takenRanges } from "./addresses.ts";

const taken = (...prefixes: string[]) => takenRanges(prefixes.map((prefix) => ({ prefix, device: "eth0" })));

describe("the range of the nodes", () => {
  test("is the first free /24 of the benchmark range", () => {
    const [first, second] = nodeRangeCandidates(taken("192.0.2.0/24"), []);
    assert.deepEqual([first, second], ["198.18.0.0/24", "198.18.1.0/24"]);
  });
  test("keeps away from what the host can reach, single addresses too", () => {
    const [first] = nodeRangeCandidates(taken("198.18.0.0/24", "198.18.1.7", "198.18.2.0/23"), []);
    assert.equal(first, "198.18.4.0/24");
  });
  test("keeps away from the cluster's other ranges", () => {
    const [first] = nodeRangeCandidates([], [parsePrefix("198.18.0.0/16")!]);
    assert.equal(first, "198.19.0.0/24");
  });
  test("is the one of last time, if that is free", () => {
    assert.equal(nodeRangeCandidates([], [], undefined, "198.18.9.0/24")[0], "198.18.9.0/24");
    assert.equal(nodeRangeCandidates(taken("198.18.9.0/24"), [], undefined, "198.18.9.0/24")[0], "198.18.0.0/24");
  });
  test("that was asked for and is taken is refused with flag and route", () => {
    assert.throws(
      () => nodeRangeCandidates(taken("10.0.0.0/8"), [], "10.1.2.0/24"),
      /^OptionError: --node-cidr: 10\.1\.2\.0\/24 overlaps the host's route to 10\.0\.0\.0\/8 \(eth0\)/,
    );
  });
  test("is refused when nothing is left", () => {
    assert.throws(() => nodeRangeCandidates(taken("198.18.0.0/15"), []), /every \/24 of 198\.18\.0\.0\/15 is in use/);
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
          const value = parseIPv4(address)!;
          assert.ok(contains(parsePrefix("198.18.7.0/24")!, value) && value % 256 >= 10 && value % 256 <= 254);
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

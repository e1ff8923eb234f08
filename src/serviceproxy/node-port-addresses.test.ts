import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "../ip/address.ts";
import { includesLoopback, nodePortAddresses } from "./node-port-addresses.ts";

test("node ports on localhost need it among the addresses", () => {
  assert.equal(includesLoopback([]), true);
  assert.equal(includesLoopback(["0.0.0.0/0"]), true);
  assert.equal(includesLoopback(["10.0.0.0/8", "127.0.0.1/32"]), true);
  assert.equal(includesLoopback(["10.0.0.0/8"]), false);
  assert.equal(includesLoopback(["primary"]), false);
});

test("the addresses that node ports answer on", () => {
  const addresses = (texts: string[]) => texts.map((text) => parseAddress(text)!);
  const own = addresses(["127.0.0.1", "192.168.0.2", "10.0.0.5", "fd00::5"]);
  const node = addresses(["192.168.0.2", "fd00::5"]);
  const table: [ranges: string[], family: 4 | 6, expected: string[] | undefined][] = [
    [[], 4, undefined],
    [["0.0.0.0/0"], 4, undefined],
    [["192.168.0.0/16"], 4, ["192.168.0.2"]],
    [["192.168.0.0/16", "127.0.0.0/8"], 4, ["127.0.0.1", "192.168.0.2"]],
    [["192.168.0.0/16"], 6, undefined],
    [["172.16.0.0/12"], 4, []],
    [["primary"], 4, ["192.168.0.2"]],
    [["primary"], 6, ["fd00::5"]],
  ];
  for (const [ranges, family, expected] of table)
    assert.deepEqual(nodePortAddresses(ranges, family, node, own), expected, `${ranges} in IPv${family}`);
});

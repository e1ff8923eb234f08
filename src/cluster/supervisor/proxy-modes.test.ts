import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OptionError } from "./option-error.ts";
import { type ChosenModes, checkProxyModes, isChosenModes, ProxyModes } from "./proxy-modes.ts";

describe("modes of the nodes' proxies", () => {
  const cases: [name: string, asked: ChosenModes, remembered: ChosenModes | undefined, modes: string[]][] = [
    ["nobody chose", { nodes: {} }, undefined, ["iptables", "iptables"]],
    ["one mode for all", { others: "nftables", nodes: {} }, undefined, ["nftables", "nftables"]],
    ["one node's own", { nodes: { node2: "userspace" } }, undefined, ["iptables", "userspace"]],
    ["both", { others: "nftables", nodes: { node2: "userspace" } }, undefined, ["nftables", "userspace"]],
    ["remembered", { nodes: {} }, { others: "nftables", nodes: { node2: "userspace" } }, ["nftables", "userspace"]],
    [
      "asked for all goes before remembered",
      { others: "iptables", nodes: {} },
      { others: "nftables", nodes: { node2: "userspace" } },
      ["iptables", "iptables"],
    ],
    [
      "asked for a node goes before remembered",
      { nodes: { node1: "iptables" } },
      { others: "nftables", nodes: { node1: "nftables", node2: "userspace" } },
      ["iptables", "userspace"],
    ],
  ];
  for (const [name, asked, remembered, modes] of cases)
    test(name, () => {
      const kept = new ProxyModes(asked, remembered);
      assert.deepEqual(
        ["node1", "node2"].map((node) => kept.of(node)),
        modes,
      );
    });

  test("of nodes that are there do not follow what later ones get", () => {
    const modes = new ProxyModes({ nodes: {} });
    assert.equal(modes.assign("node1"), "iptables");
    modes.setOthers("nftables");
    assert.deepEqual(
      [modes.of("node1"), modes.assign("node2"), modes.assign("node3", "userspace")],
      ["iptables", "nftables", "userspace"],
    );
    assert.deepEqual(modes.save(), {
      others: "nftables",
      nodes: { node1: "iptables", node2: "nftables", node3: "userspace" },
    });
    modes.release("node1");
    assert.equal(modes.of("node1"), "nftables", "a node of that name that is added later is a new one");
  });

  test("are refused for a node that there will not be", () => {
    checkProxyModes({ nodes: { node2: "nftables" } }, ["node1", "node2"]);
    assert.throws(
      () => checkProxyModes({ nodes: { node3: "nftables" } }, ["node1", "node2"]),
      (error) => {
        assert.ok(error instanceof OptionError);
        assert.equal(error.message, '--proxy-mode: there is no node "node3"; there are node1, node2');
        return true;
      },
    );
  });

  const shapes: [value: unknown, good: boolean][] = [
    [{ nodes: {} }, true],
    [{ others: "a", nodes: { node1: "b" } }, true],
    [null, false],
    [{}, false],
    [{ others: 1, nodes: {} }, false],
    [{ nodes: { node1: null } }, false],
    [{ nodes: null }, false],
  ];
  for (const [value, good] of shapes)
    test(`${JSON.stringify(value)} is ${good ? "" : "not "}taken from a file`, () =>
      assert.equal(isChosenModes(value), good));
});

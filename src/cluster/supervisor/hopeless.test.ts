import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cannotServe, whyHopeless } from "./hopeless.ts";
import type { PartStatus } from "./part.ts";
import type { MachineStatus } from "./protocol.ts";

const failing: PartStatus = {
  name: "proxy",
  state: "restarting",
  restarts: 5,
  lastEnd: "exit status 1: nft cannot be run",
};

function node(name: string, proxy: Partial<PartStatus> = {}, proxyMode = "nftables"): MachineStatus {
  const agent: PartStatus = { name: "agent", state: "running", restarts: 0 };
  const parts = [agent, { ...failing, ...proxy }];
  return { name, address: "198.18.0.10", state: "running", restarts: 0, proxyMode, parts };
}

describe("a boot", () => {
  test("is hopeless when every node's proxy ends by itself over and over", () => {
    assert.equal(
      whyHopeless([node("node1"), node("node2")]),
      "no node's proxy can start in --proxy-mode nftables; node1: exit status 1: nft cannot be run",
    );
    assert.match(whyHopeless([node("node1"), node("node2", {}, "userspace")])!, /mode nftables, userspace;/);
  });

  const hopeful: [what: string, nodes: MachineStatus[]][] = [
    ["without nodes", []],
    ["when one node's proxy has served", [node("node1"), node("node2", { served: true })]],
    ["when one was not tried as often", [node("node1"), node("node2", { restarts: 4 })]],
    ["when proxies are killed by somebody", [node("node1", { lastEnd: "SIGKILL" })]],
    ["before a node has its processes", [node("node1"), { ...node("node2"), parts: [] }]],
  ];
  for (const [what, nodes] of hopeful)
    test(`is not hopeless ${what}`, () => assert.equal(whyHopeless(nodes), undefined));
});

test("one node's proxy may be hopeless without the others'", () => {
  assert.deepEqual([node("node1", { served: true }), node("node2")].map(cannotServe), [false, true]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../../kubernetes/types.ts";
import { dnsGroups } from "./desired.ts";

function node(name: string, address: string | undefined, ready: string): Node {
  return {
    metadata: { name, uid: name },
    status: {
      addresses:
        address === undefined
          ? []
          : [
              { type: "Hostname", address: name },
              { type: "InternalIP", address },
            ],
      conditions: [{ type: "Ready", status: ready }],
    },
  };
}

test("ready nodes serve DNS; when none is, all that have an address stay", () => {
  const addresses = (nodes: Node[]) =>
    [...dnsGroups(nodes).values()].flatMap(({ endpoints }) => endpoints.map((one) => one.addresses[0]));
  const cases: [Node[], string[]][] = [
    [
      [node("b", "2.2.2.2", "True"), node("a", "1.1.1.1", "True")],
      ["1.1.1.1", "2.2.2.2"],
    ],
    [[node("a", "1.1.1.1", "True"), node("b", "2.2.2.2", "Unknown")], ["1.1.1.1"]],
    [
      [node("a", "1.1.1.1", "Unknown"), node("b", "2.2.2.2", "False")],
      ["1.1.1.1", "2.2.2.2"],
    ],
    [[node("a", undefined, "True")], []],
    [[], []],
  ];
  for (const [nodes, expected] of cases) assert.deepEqual(addresses(nodes), expected);
  assert.equal(dnsGroups([]).size, 0);
});

test("both transports on port 53", () => {
  const [group] = dnsGroups([node("a", "1.1.1.1", "True")]).values();
  assert.deepEqual(group?.ports, [
    { name: "dns", port: 53, protocol: "UDP" },
    { name: "dns-tcp", port: 53, protocol: "TCP" },
  ]);
  assert.equal(group?.endpoints[0]?.nodeName, "a");
});

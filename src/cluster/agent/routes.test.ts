import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../kubernetes/types.ts";
import { parseRoutes, routeCommands, wantedRoutes } from "./routes.ts";

function node(name: string, podCIDR?: string, address?: string): Node {
  return {
    metadata: { name },
    spec: { podCIDR },
    status: {
      addresses:
        address === undefined
          ? []
          : [
              { type: "Hostname", address: name },
              { type: "InternalIP", address },
            ],
    },
  };
}

test("the Pods of every other node are behind its address", () => {
  const nodes = [
    node("self", "10.32.0.0/22", "198.18.0.10"),
    node("a", "10.32.4.0/22", "198.18.0.11"),
    node("no-address", "10.32.8.0/22"),
    node("no-range", undefined, "198.18.0.13"),
    node("odd", "10.32.12.0/22 dev lo", "198.18.0.14"),
    node("odder", "10.32.16.0/22", "198.18.0.15; reboot"),
  ];
  assert.deepEqual([...wantedRoutes(nodes, "self")], [["10.32.4.0/22", "198.18.0.11"]]);
});

test("each family has its own way", () => {
  const dual = node("a", "10.32.4.0/22", "198.18.0.11");
  dual.spec!.podCIDRs = ["10.32.4.0/22", "fd00:10:32:1::/64"];
  dual.status!.addresses!.push({ type: "InternalIP", address: "fd00:198:18::b" });
  const single = node("b", "10.32.8.0/22", "198.18.0.12");
  single.spec!.podCIDRs = ["10.32.8.0/22", "FD00:10:32:2::/64"];
  assert.deepEqual(
    [...wantedRoutes([dual, single], "self")],
    [
      ["10.32.4.0/22", "198.18.0.11"],
      ["fd00:10:32:1::/64", "fd00:198:18::b"],
      ["10.32.8.0/22", "198.18.0.12"],
    ],
  );
});

test("only what changed is changed", () => {
  const current = new Map([
    ["10.32.4.0/22", "198.18.0.11"],
    ["10.32.8.0/22", "198.18.0.12"],
  ]);
  const wanted = new Map([
    ["10.32.8.0/22", "198.18.0.13"],
    ["10.32.12.0/22", "198.18.0.14"],
  ]);
  assert.deepEqual(routeCommands(current, wanted), [
    "route del 10.32.4.0/22 proto 86",
    "route replace 10.32.8.0/22 via 198.18.0.13 proto 86",
    "route replace 10.32.12.0/22 via 198.18.0.14 proto 86",
  ]);
  assert.deepEqual(routeCommands(wanted, wanted), []);
});

test("routes of an earlier life are read back", () => {
  const text =
    "fd00:10:32:1::/64 via fd00:198:18::b dev eth0 metric 1024 pref medium\n10.32.4.0/22 via 198.18.0.11 dev eth0 \n10.32.8.0/22 via 198.18.0.12 dev eth0 \n198.18.0.0/24 dev eth0 scope link \n";
  assert.deepEqual(
    [...parseRoutes(text)],
    [
      ["fd00:10:32:1::/64", "fd00:198:18::b"],
      ["10.32.4.0/22", "198.18.0.11"],
      ["10.32.8.0/22", "198.18.0.12"],
    ],
  );
  assert.equal(parseRoutes("").size, 0);
});

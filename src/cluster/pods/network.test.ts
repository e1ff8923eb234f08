import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressesOf, linkAddressOf, nodeSide, podNetwork, podSide } from "./network.ts";

test("both ends of a Pod's link know each other's link address, so that nobody asks for it", () => {
  const network = podNetwork("uid", "10.32.0.2");
  const outside = nodeSide(network, 1450);
  const inside = podSide(network);
  const mac = linkAddressOf("10.32.0.2");
  assert.equal(mac, "02:00:0a:20:00:02");
  assert.ok(
    outside.some((line) => line.startsWith(`neigh replace 10.32.0.2 lladdr ${mac}`) && line.endsWith("permanent")),
  );
  assert.ok(outside.some((line) => line.includes(`peer name eth0 mtu 1450 address ${mac}`)));
  assert.ok(
    inside.some((line) => line === "neigh replace 169.254.1.1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent"),
  );
  assert.ok(inside.includes("addr add 10.32.0.2/32 dev eth0"));
});

test("a Pod of a dual-stack cluster has the same in IPv6", () => {
  const network = podNetwork("uid", "10.32.0.2", "fd00:10:32::2");
  assert.deepEqual(addressesOf(network), ["10.32.0.2", "fd00:10:32::2"]);
  assert.deepEqual(nodeSide(network, 1500).slice(-2), [
    `route replace fd00:10:32::2/128 dev ${network.link}`,
    `neigh replace fd00:10:32::2 lladdr 02:00:0a:20:00:02 dev ${network.link} nud permanent`,
  ]);
  const inside = podSide(network);
  assert.deepEqual(inside.slice(-3), [
    "addr add fd00:10:32::2/128 dev eth0 nodad",
    "neigh replace fe80::1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent",
    "route replace ::/0 via fe80::1 dev eth0 src fd00:10:32::2",
  ]);
  assert.ok(inside.indexOf("link set eth0 addrgenmode none") < inside.indexOf("link set eth0 up"));
});

test("property: names fit an interface and differ between Pods; link addresses are unicast, local and differ between addresses", () => {
  const address = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join("."));
  fc.assert(
    fc.property(fc.uuid(), fc.uuid(), address, address, (uidA, uidB, a, b) => {
      const network = podNetwork(uidA, a);
      assert.ok(network.link.length <= 15 && /^[a-z0-9]+$/.test(network.link));
      assert.match(linkAddressOf(a), /^02(:[0-9a-f]{2}){5}$/);
      assert.equal(linkAddressOf(a) === linkAddressOf(b), a === b);
      assert.equal(network.netns === podNetwork(uidB, a).netns, uidA === uidB);
    }),
  );
});

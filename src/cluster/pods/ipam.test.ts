import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIPv4, parseIPv4 } from "../../ip/ipv4.ts";
import { AddressPool, addressRange, partnerIn } from "./ipam.ts";

test("a range leaves out the network, the node's own and the broadcast address", () => {
  const range = addressRange("10.32.4.0/22");
  assert.equal(formatIPv4(range.first), "10.32.4.2");
  assert.equal(formatIPv4(range.last), "10.32.7.254");
});

for (const cidr of ["", "10.0.0.0", "10.0.0.1/24", "10.0.0.0/30", "10.0.0.0/x", "10.0.0/24", "1.2.3.256/24", "::/64"])
  test(`refuses ${JSON.stringify(cidr)} as podCIDR`, () => {
    assert.throws(() => addressRange(cidr), /podCIDR|IPv4/);
  });

test("an IPv6 address is at the place of its IPv4 one", () => {
  const partner = partnerIn("fd00:10:32:1::/64", "10.32.4.0/22");
  assert.deepEqual(["10.32.4.2", "10.32.7.254"].map(partner), ["fd00:10:32:1::2", "fd00:10:32:1::3fe"]);
  assert.throws(() => partnerIn("fd00::/120", "10.32.4.0/22"), /no IPv6 prefix with room/);
  assert.throws(() => partnerIn("10.0.0.0/8", "10.32.4.0/22"), /no IPv6 prefix/);
});

test("an address just released is not the next one given", () => {
  const pool = new AddressPool(addressRange("10.32.0.0/24"));
  const first = pool.allocate()!;
  pool.release(first);
  assert.notEqual(pool.allocate(), first);
});

test("goes on after the cursor of an earlier life", () => {
  const range = addressRange("10.32.0.0/24");
  assert.equal(new AddressPool(range, parseIPv4("10.32.0.9")!).allocate(), "10.32.0.10");
  assert.equal(new AddressPool(range, parseIPv4("10.32.0.254")!).allocate(), "10.32.0.2");
  assert.equal(new AddressPool(range, parseIPv4("10.99.0.1")!).allocate(), "10.32.0.2");
});

test("property: no address is given twice, all of them are given, and a released one comes back", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 200 }), (steps) => {
      const pool = new AddressPool(addressRange("10.32.0.0/28"));
      const held: string[] = [];
      for (const step of steps) {
        if (step < 8 && held.length > 0) {
          pool.release(held.splice(step % held.length, 1)[0]!);
        } else {
          const address = pool.allocate();
          if (held.length === 13) assert.equal(address, undefined);
          else {
            assert.ok(address !== undefined && !held.includes(address), `${address} is held already`);
            const value = parseIPv4(address)!;
            assert.ok(value >= pool.range.first && value <= pool.range.last);
            held.push(address);
          }
        }
        assert.equal(pool.size, held.length);
      }
    }),
  );
});

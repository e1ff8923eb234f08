import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePrefix } from "../../../ip/prefix.ts";
import { BlockAllocator } from "./allocator.ts";

test("a range that holds no block is refused with its name", () => {
  assert.throws(() => new BlockAllocator("10.0.0.0/24", 22), /10\.0\.0\.0\/24 is smaller than one \/22/);
  assert.throws(() => new BlockAllocator("10.0.0.0", 22), /no prefix/);
});

test("blocks come in order, a released one comes back last, none is left at the end", () => {
  const allocator = new BlockAllocator("10.0.0.0/20", 22);
  assert.equal(allocator.allocate(), "10.0.0.0/22");
  assert.equal(allocator.allocate(), "10.0.4.0/22");
  allocator.release("10.0.0.0/22");
  assert.equal(allocator.allocate(), "10.0.8.0/22");
  assert.equal(allocator.allocate(), "10.0.12.0/22");
  assert.equal(allocator.allocate(), "10.0.0.0/22");
  assert.equal(allocator.allocate(), undefined);
});

test("what is held by hand is kept free of, whatever its size", () => {
  const allocator = new BlockAllocator("10.0.0.0/20", 22);
  allocator.hold("10.0.0.0/21");
  allocator.hold("10.0.9.0/24");
  allocator.hold("192.168.0.0/16");
  allocator.hold("not an address");
  assert.equal(allocator.allocate(), "10.0.12.0/22");
  assert.equal(allocator.allocate(), undefined);
  allocator.release("10.0.0.0/21");
  assert.equal(allocator.allocate(), "10.0.0.0/22");
});

test("blocks of IPv6, and blocks of the other family, which touch none", () => {
  const allocator = new BlockAllocator("fd00:10:32::/62", 64);
  allocator.hold("10.0.0.0/8");
  allocator.hold("fd00:10:32:1::5/128");
  assert.equal(allocator.allocate(), "fd00:10:32:2::/64");
  assert.equal(allocator.allocate(), "fd00:10:32:3::/64");
  assert.equal(allocator.allocate(), "fd00:10:32::/64");
  assert.equal(allocator.allocate(), undefined);
  assert.deepEqual(
    ["fe00::/64", "10.0.0.0/8"].map((block) => allocator.isFamilyOf(block)),
    [true, false],
  );
});

test("no block is ever held twice, and a full range is fully used", () => {
  type Step = { take: true } | { take: false; pick: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.constant({ take: true as const }),
    fc.record({ take: fc.constant(false as const), pick: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const allocator = new BlockAllocator("10.0.0.0/18", 22);
      const held: string[] = [];
      for (const next of steps) {
        if (next.take) {
          const block = allocator.allocate();
          if (block === undefined) {
            assert.equal(held.length, 16, "refuses only when all are taken");
            continue;
          }
          assert.ok(!held.includes(block), `${block} twice`);
          assert.ok(parsePrefix(block) !== undefined);
          held.push(block);
        } else if (held.length > 0) {
          const [block = ""] = held.splice(next.pick % held.length, 1);
          allocator.release(block);
        }
      }
    }),
  );
});

test("after a restart, holding what the Nodes say is enough never to hand out a block twice", () => {
  fc.assert(
    fc.property(fc.nat(16), (count) => {
      const before = new BlockAllocator("10.0.0.0/18", 22);
      const held = Array.from({ length: count }, () => before.allocate() ?? "");
      const after = new BlockAllocator("10.0.0.0/18", 22);
      for (const block of held) after.hold(block);
      for (let more = count; more < 16; more += 1) {
        const block = after.allocate() ?? "";
        assert.ok(!held.includes(block));
        held.push(block);
      }
      assert.equal(after.allocate(), undefined);
    }),
  );
});

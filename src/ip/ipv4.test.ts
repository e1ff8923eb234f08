import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { contains, formatIPv4, formatPrefix, overlaps, type Prefix, parseIPv4, parsePrefix, sizeOf } from "./ipv4.ts";

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const prefix = fc
  .record({ base: address, bits: fc.integer({ min: 0, max: 32 }) })
  .map(({ base, bits }): Prefix => ({ base: base - (base % 2 ** (32 - bits)), bits }));

describe("IPv4", () => {
  test("an address that is written is read as the same one", () => {
    fc.assert(fc.property(address, (value) => parseIPv4(formatIPv4(value)) === value));
  });
  test("a prefix that is written is read as the same one", () => {
    fc.assert(fc.property(prefix, (value) => assert.deepEqual(parsePrefix(formatPrefix(value)), value)));
  });
  test("prefixes by example", () => {
    assert.deepEqual(parsePrefix("10.32.0.0/12"), { base: 0x0a200000, bits: 12 });
    assert.equal(formatPrefix({ base: 0xfffffffc, bits: 30 }), "255.255.255.252/30");
  });
  test("prefixes overlap exactly when one contains an end of the other", () => {
    fc.assert(
      fc.property(prefix, prefix, (one, other) => {
        const last = Math.min(one.base + sizeOf(one), other.base + sizeOf(other)) - 1;
        const shared = contains(one, last) && contains(other, last);
        assert.equal(overlaps(one, other), shared);
        assert.equal(overlaps(other, one), shared);
      }),
    );
  });
  for (const text of ["", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.-4", "1.2.3.4 ", "0x1.2.3.4", "::1"]) {
    test(`"${text}" is no address`, () => assert.equal(parseIPv4(text), undefined));
  }
  for (const text of [
    "10.0.0.0",
    "10.0.0.0/33",
    "10.0.0.1/24",
    "10.0.0.0/08",
    "10.0.0.0/",
    "/8",
    "10.0.0.0/-1",
    "10.32.0.256/32",
    "::/0",
    "x",
    "10.32.0.0/12 ",
  ]) {
    test(`"${text}" is no prefix`, () => assert.equal(parsePrefix(text), undefined));
  }
});

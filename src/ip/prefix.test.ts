import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "./address.ts";
import {
  addressAt,
  comparePrefixes,
  formatPrefix,
  offsetOf,
  parsePrefix,
  parseSloppyPrefix,
  prefixContains,
  prefixesOverlap,
  sizeOf,
} from "./prefix.ts";

const texts: [text: string, strict: string | undefined, sloppy?: string][] = [
  ["10.32.0.0/12", "10.32.0.0/12"],
  ["10.33.1.2/12", "10.32.0.0/12"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["1.2.3.4/32", "1.2.3.4/32"],
  ["203.0.113.000/025", undefined, "203.0.113.0/25"],
  ["fd00::1/64", "fd00::/64"],
  ["::1/128", "::1/128"],
  ["1.2.3.4/33", undefined],
  ["::/129", undefined],
  ["1.2.3.4", undefined],
  ["1.2.3.4/", undefined],
  ["1.2.3.4/-1", undefined],
  ["/8", undefined],
];
for (const [text, strict, sloppy = strict] of texts)
  test(`"${text}" reads as ${strict}, sloppily as ${sloppy}`, () => {
    const format = (prefix: ReturnType<typeof parsePrefix>) => prefix && formatPrefix(prefix);
    assert.equal(format(parsePrefix(text)), strict);
    assert.equal(format(parseSloppyPrefix(text)), sloppy);
  });

test("ranges contain and overlap", () => {
  const prefix = (text: string) => parsePrefix(text)!;
  const contains = (range: string, address: string) => prefixContains(prefix(range), parseAddress(address)!);
  assert.equal(contains("10.32.0.0/12", "10.47.255.255"), true);
  assert.equal(contains("10.32.0.0/12", "10.48.0.0"), false);
  assert.equal(contains("0.0.0.0/0", "::1"), false);
  assert.equal(contains("::/0", "::1"), true);
  const overlap = (a: string, b: string) => prefixesOverlap(prefix(a), prefix(b));
  assert.equal(overlap("10.0.0.0/8", "10.96.0.0/12"), true);
  assert.equal(overlap("10.96.0.0/12", "10.0.0.0/8"), true);
  assert.equal(overlap("10.96.0.0/12", "10.32.0.0/12"), false);
  const sorted = ["10.0.0.0/8", "10.0.0.0/16", "11.0.0.0/8", "::/0"];
  assert.deepEqual(sorted.toReversed().map(prefix).sort(comparePrefixes).map(formatPrefix), sorted);
});

test("addresses are counted from the start of their range", () => {
  const counted: [range: string, offset: number, address: string][] = [
    ["10.96.0.0/12", 10, "10.96.0.10"],
    ["fd00:10:96::/108", 0xfffff, "fd00:10:96::f:ffff"],
  ];
  for (const [text, offset, address] of counted) {
    const range = parsePrefix(text)!;
    assert.equal(addressAt(range, offset), address);
    assert.equal(offsetOf(range, parseAddress(address)!), BigInt(offset));
  }
  const range = parsePrefix("fd00:10:96::/108")!;
  assert.deepEqual([sizeOf(range), sizeOf(parsePrefix("::/0")!)], [1n << 20n, 1n << 128n]);
  assert.equal(offsetOf(range, parseAddress("fd00:10:96::10:0")!), undefined);
  assert.equal(offsetOf(range, parseAddress("10.96.0.1")!), undefined);
});

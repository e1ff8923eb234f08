import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import {
  canonicalAddress,
  compareAddresses,
  type Family,
  familyOf,
  formatAddress,
  formatAddressPort,
  isLoopback,
  parseAddress,
  parseSloppyAddress,
} from "./address.ts";

const format = (address: ReturnType<typeof parseAddress>) => address && formatAddress(address);

const texts: [text: string, strict: string | undefined, sloppy?: string][] = [
  ["10.32.0.3", "10.32.0.3"],
  ["255.255.255.255", "255.255.255.255"],
  ["0.0.0.0", "0.0.0.0"],
  ["172.30.0.041", undefined, "172.30.0.41"],
  ["10.180.00.001", undefined, "10.180.0.1"],
  ["1.2.3", undefined],
  ["1.2.3.4.5", undefined],
  ["1.2.3.256", undefined],
  ["1.2.3.0256", undefined],
  ["1.2.3.-4", undefined],
  ["1.2.3.4 ", undefined],
  ["1.2.3.0x4", undefined],
  ["1.2.3.", undefined],
  ["", undefined],
  ["::", "::"],
  ["::1", "::1"],
  ["fd00:172:30::41", "fd00:172:30::41"],
  ["FD00:0:0:1:0:0:0:1", "fd00:0:0:1::1"],
  ["1:0:0:2:0:0:3:4", "1::2:0:0:3:4"],
  ["1:2:3:4:5:6:0:8", "1:2:3:4:5:6:0:8"],
  ["1::", "1::"],
  ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
  ["::ffff:1.2.3.4", "::ffff:1.2.3.4", "1.2.3.4"],
  ["::1.2.3.4:5", undefined],
  ["1.2.3.4::", undefined],
  ["1::2::3", undefined],
  ["1:2:3:4:5:6:7::8", undefined],
  ["1:2:3:4:5:6:7", undefined],
  [":1:2:3:4:5:6:7:8", undefined],
  [":::", undefined],
  ["12345::", undefined],
  ["fe80::1%eth0", undefined],
  [`${"0".repeat(100)}.0.0.0`, undefined],
];
for (const [text, strict, sloppy = strict] of texts)
  test(`"${text}" reads as ${strict}, sloppily as ${sloppy}`, () => {
    assert.equal(format(parseAddress(text)), strict);
    assert.equal(format(parseSloppyAddress(text)), sloppy);
    assert.deepEqual(canonicalAddress(text), sloppy && { family: familyOf(sloppy), text: sloppy });
  });

const address = fc.oneof(
  fc.record({ family: fc.constant<Family>(4), value: fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }) }),
  fc.record({ family: fc.constant<Family>(6), value: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }) }),
  // Groups of zeros are where the text form is hard.
  fc
    .array(fc.constantFrom<bigint>(0n, 0n, 1n, 0xffffn), { minLength: 8, maxLength: 8 })
    .map((groups) => ({ family: 6 as Family, value: groups.reduce((value, group) => (value << 16n) | group, 0n) })),
);

test("an address survives being written and read, and the text is the one that the URL standard writes too", () => {
  fc.assert(
    fc.property(address, (value) => {
      const text = formatAddress(value);
      const read = parseAddress(text);
      assert.deepEqual({ ...read }, { ...value });
      if (value.family === 4) assert.ok(isIPv4(text));
      else if (!text.includes(".")) assert.equal(new URL(`http://[${text}]`).hostname, `[${text}]`);
    }),
  );
});

test("strict reading agrees with Node's own judgement", () => {
  const part = fc.constantFrom("0", "1", "255", "256", "00", "ffff", "::", ":", ".", "1.2.3.4");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      assert.equal(parseAddress(text) !== undefined, isIPv4(text) || isIPv6(text), text);
    }),
    { numRuns: 2000 },
  );
});

test("addresses sort by family and value", () => {
  const sorted = ["9.0.0.1", "10.0.0.1", "10.0.0.2", "::1", "fd00::"];
  const parsed = sorted.toReversed().map((text) => parseAddress(text)!);
  assert.deepEqual(parsed.sort(compareAddresses).map(formatAddress), sorted);
});

test("address with port, loopback", () => {
  assert.equal(formatAddressPort("10.0.0.1", 80), "10.0.0.1:80");
  assert.equal(formatAddressPort("fd00::1", 80), "[fd00::1]:80");
  const loopback = (text: string) => isLoopback(parseAddress(text)!);
  assert.deepEqual(["127.8.0.1", "::1", "128.0.0.1", "::2"].map(loopback), [true, true, false, false]);
});

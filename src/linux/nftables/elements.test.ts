import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "../../ip/address.ts";
import { formatPrefix, prefixOf } from "../../ip/prefix.ts";
import { MessageWriter } from "../netlink/message.ts";
import { encodeElement, readElementList } from "./elements.ts";
import { decodeFields, encodeFields, FieldError, type FieldType, sizeOfFields } from "./fields.ts";
import type { SetSchema } from "./schema.ts";

const texts: Record<FieldType, fc.Arbitrary<string>> = {
  ipv4_addr: fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }).map((value) => formatAddress({ family: 4, value })),
  ipv6_addr: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((value) => formatAddress({ family: 6, value })),
  inet_proto: fc.constantFrom("tcp", "udp", "sctp"),
  inet_service: fc.nat(65_535).map(String),
  mark: fc.nat(0xffffffff).map(String),
  integer: fc.nat(0xffffffff).map(String),
};
const types = fc.array(fc.constantFrom(...(Object.keys(texts) as FieldType[])), { minLength: 1, maxLength: 5 });
const keys = types.chain((fields) =>
  fc.record({
    fields: fc.constant(fields),
    text: fc.tuple(...fields.map((type) => texts[type])).map((parts) => parts.join(" . ")),
  }),
);

function roundTrip(set: SetSchema, key: string, value?: string): [string, string | undefined][] {
  const writer = new MessageWriter(8);
  encodeElement(writer, set, key, value);
  const found: [string, string | undefined][] = [];
  readElementList(set, writer.bytes, 0, writer.length, (...element) => found.push(element));
  return found;
}

describe("nftables fields", () => {
  test("read back as they were written", () => {
    fc.assert(
      fc.property(keys, ({ fields, text }) => {
        const bytes = Buffer.alloc(sizeOfFields(fields));
        encodeFields(fields, text, bytes, 0);
        assert.equal(decodeFields(fields, bytes, 0, bytes.length), text);
      }),
    );
  });

  test("have the kernel's layout", () => {
    const fields: FieldType[] = ["ipv4_addr", "inet_proto", "inet_service", "integer"];
    const bytes = Buffer.alloc(16);
    encodeFields(fields, "1.2.3.4 . tcp . 80 . 1", bytes, 0);
    assert.equal(bytes.toString("hex"), "01020304060000000050000001000000");
  });

  for (const [type, text] of [
    ["ipv4_addr", "1.2.3"],
    ["ipv4_addr", "1.2.3.256"],
    ["ipv4_addr", "1.2.3.4.5"],
    ["ipv4_addr", "1.2..4"],
    ["ipv4_addr", "fd00::1"],
    ["ipv6_addr", "1.2.3.4"],
    ["inet_proto", "icmp"],
    ["inet_service", "65536"],
    ["inet_service", ""],
    ["inet_service", "-1"],
    ["mark", "4294967296"],
    ["mark", "1 . 2"],
  ] as const)
    test(`${JSON.stringify(text)} is no ${type}`, () => {
      assert.throws(() => encodeFields([type], text, Buffer.alloc(16), 0), FieldError);
    });

  test("that are too few are refused", () => {
    assert.throws(() => encodeFields(["ipv4_addr", "inet_service"], "1.2.3.4", Buffer.alloc(8), 0), FieldError);
  });
});

describe("nftables elements", () => {
  const set: SetSchema = { name: "s", key: ["ipv4_addr", "inet_service"], value: "verdict" };
  for (const verdict of ["drop", "accept", "goto endpoints-2", "jump other"])
    test(`with the verdict ${verdict}`, () => {
      assert.deepEqual(roundTrip(set, "1.2.3.4 . 80", verdict), [["1.2.3.4 . 80", verdict]]);
    });
  test("with data", () => {
    const map: SetSchema = { ...set, value: ["ipv6_addr", "inet_service"] };
    assert.deepEqual(roundTrip(map, "1.2.3.4 . 80", "fd00::1 . 8080"), [["1.2.3.4 . 80", "fd00::1 . 8080"]]);
  });
  test("an unknown verdict is refused", () => {
    assert.throws(() => roundTrip(set, "1.2.3.4 . 80", "leave"), RangeError);
  });
  test("prefixes become intervals and come back", () => {
    const ranges = (type: FieldType): SetSchema => ({ name: "r", key: ["inet_service", type], prefixes: true });
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }),
        fc.integer({ min: 0, max: 32 }),
        fc.boolean(),
        (value, length, wide) => {
          const prefix = wide
            ? prefixOf({ family: 6, value: value << 90n }, length * 4)
            : prefixOf({ family: 4, value }, length);
          const key = `80 . ${formatPrefix(prefix)}`;
          assert.deepEqual(roundTrip(ranges(wide ? "ipv6_addr" : "ipv4_addr"), key), [[key, undefined]]);
        },
      ),
    );
  });
});

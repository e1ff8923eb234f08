import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eachAttribute, MessageWriter } from "../netlink/message.ts";
import { ElementError, readElement, type SetType, writeElement } from "./element.ts";

/** The element's attributes, without the line number. */
function encode(type: SetType, text: string): Buffer {
  const writer = new MessageWriter();
  const start = writer.beginNested(7);
  writeElement(writer, type, text, 5);
  writer.endAttribute(start);
  let nested = Buffer.alloc(0);
  eachAttribute(writer.bytes, 0, writer.length, (_, from, to) => {
    nested = Buffer.from(writer.bytes.subarray(from, to));
  });
  return nested;
}

const four = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((octets) => octets.join("."));
const six = fc.tuple(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: 0xffff }));
const port = fc
  .tuple(fc.constantFrom("tcp", "udp", "sctp"), fc.nat(65_535))
  .map(([name, number]) => `${name}:${number}`);

test("what is written is read again", () => {
  const address = fc.oneof(
    four,
    six.map(([first, last]) => `fd${first.toString(16).padStart(4, "0").slice(0, 2)}::${last.toString(16)}`),
  );
  fc.assert(
    fc.property(address, port, fc.integer({ min: 1, max: 32 }), (one, at, length) => {
      const mask = one.includes(":") ? 128 : 32;
      const network = mask === 32 ? `0.0.0.0/${length}` : `::/${length}`;
      const elements: [SetType, string][] = [
        ["hash:ip", one],
        ["hash:ip,port", `${one},${at}`],
        ["hash:ip,port,ip", `${one},${at},${one}`],
        ["hash:ip,port,net", `${one},${at},${network}`],
        ["hash:ip,port,net", `${one},${at},${one}/${mask}`],
        ["bitmap:port", at.split(":")[1]!],
      ];
      for (const [type, text] of elements)
        assert.equal(readElement(type, encode(type, text)), text.replace(/:0(\d)/, ":$1"));
    }),
  );
});

test("the bytes of one element", () => {
  // LINENO 5; IP2 and CIDR2; PROTO; PORT; IP: as `ipset add … 10.0.0.1,tcp:80,10.0.0.0/8` sends them.
  assert.equal(
    encode("hash:ip,port,net", "10.0.0.1,tcp:80,10.0.0.0/8").toString("hex"),
    [
      "0c000180" + "08000140" + "0a000001",
      "06000440" + "00500000",
      "05000700" + "06000000",
      "0c001480" + "08000140" + "0a000000",
      "05001500" + "08000000",
      "08000900" + "05000000",
    ].join(""),
  );
});

const wrong: [SetType, string][] = [
  ["hash:ip", "10.0.0.1,tcp:80"],
  ["hash:ip", "10.0.0"],
  ["hash:ip,port", "10.0.0.1"],
  ["hash:ip,port", "10.0.0.1,80"],
  ["hash:ip,port", "10.0.0.1,tcp:65536"],
  ["hash:ip,port", "10.0.0.1,icmp:1"],
  ["hash:ip,port,ip", "10.0.0.1,tcp:80,10.0.0.0/8"],
  ["hash:ip,port,net", "10.0.0.1,tcp:80,0.0.0.0/0"],
  ["hash:ip,port,net", "10.0.0.1,tcp:80,10.0.0.0/8,more"],
  ["bitmap:port", "tcp:80"],
  ["bitmap:port", ""],
];
for (const [type, text] of wrong)
  test(`refused for ${type}: ${JSON.stringify(text)}`, () => assert.throws(() => encode(type, text), ElementError));

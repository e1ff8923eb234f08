import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { NetlinkError, readAnswer } from "./error.ts";
import { eachAttribute, MessageWriter, NetlinkFormatError, readAttributes, readMessages, readText } from "./message.ts";

describe("netlink messages", () => {
  test("have the layout of linux/netlink.h", () => {
    const writer = new MessageWriter(16);
    const start = writer.beginMessage(0x0a0c, 5, 7);
    writer.text(1, "fw");
    writer.uint32(2, 0xfffffffc);
    writer.endMessage(start);
    assert.equal(
      writer.bytes.toString("hex"),
      [
        "20000000",
        "0c0a",
        "0500",
        "07000000",
        "00000000",
        "0700",
        "0100",
        "667700",
        "00",
        "0800",
        "0200",
        "fffffffc",
      ].join(""),
    );
  });

  const attribute = fc.tuple(fc.integer({ min: 1, max: 0x3fff }), fc.uint8Array({ maxLength: 300 }));
  const message = fc.tuple(fc.nat(0xffff), fc.nat(0xffff), fc.nat(0xffffffff), fc.array(attribute, { maxLength: 8 }));

  test("read back as they were written", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), (messages) => {
        const writer = new MessageWriter(1);
        for (const [type, flags, sequence, attributes] of messages) {
          const start = writer.beginMessage(type, flags, sequence);
          for (const [kind, value] of attributes) writer.attribute(kind, value);
          writer.endMessage(start);
        }
        const read = [...readMessages(writer.bytes)].map(({ type, flags, sequence, start, end }) => {
          const attributes: [number, Uint8Array][] = [];
          eachAttribute(writer.bytes, start, end, (kind, from, to) =>
            attributes.push([kind, new Uint8Array(writer.bytes.subarray(from, to))]),
          );
          return [type, flags, sequence, attributes];
        });
        assert.deepEqual(read, messages);
      }),
    );
  });

  test("that are damaged are refused, never read beyond their end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        try {
          for (const { start, end } of readMessages(buffer)) {
            assert.ok(start >= 16 && start <= end && end <= buffer.length);
            for (const value of readAttributes(buffer, start, end).values()) assert.ok(value.length <= end - start);
          }
        } catch (error) {
          assert.ok(error instanceof NetlinkFormatError);
        }
      }),
    );
  });

  test("an attribute that is too long for its length is refused", () => {
    const writer = new MessageWriter();
    assert.throws(() => writer.attribute(1, new Uint8Array(70_000)), NetlinkFormatError);
  });
});

describe("netlink answers", () => {
  test("explain themselves", () => {
    const writer = new MessageWriter();
    const start = writer.reserve(4 + 16);
    writer.target.writeInt32LE(-2, start);
    writer.target.writeUInt32LE(9000, start + 4);
    writer.target.writeUInt32LE(77, start + 12);
    writer.text(1, "no such set");
    const offset = Buffer.alloc(4);
    offset.writeUInt32LE(40);
    writer.attribute(2, offset);
    const answer = readAnswer(writer.bytes, 0, writer.length, 0x300);
    assert.deepEqual(answer, { errno: 2, sequence: 77, explanation: "no such set", offset: 40 });
    const error = new NetlinkError(answer.errno, answer.sequence, "add element x", answer.explanation, answer.offset);
    assert.equal(error.code, "ENOENT");
    assert.match(error.message, /add element x: no such file or directory \(no such set\)/);
  });
  test("of a batch for an older state have a name of their own", () => {
    assert.equal(new NetlinkError(85, 1, "batch").code, "ERESTART");
  });
  test("texts end at their NUL byte", () => {
    assert.equal(readText(Buffer.from("fw\0rest")), "fw");
    assert.equal(readText(Buffer.from("fw")), "fw");
    assert.equal(readText(undefined), undefined);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "../../ip/address.ts";
import { MessageWriter, NetlinkFormatError } from "../netlink/message.ts";
import {
  type RealServer,
  readRealServer,
  readVirtualServer,
  type VirtualServer,
  virtualKey,
  writeRealServer,
  writeVirtualServer,
} from "./server.ts";

const address = fc.oneof(
  fc.bigInt(0n, 2n ** 32n - 1n).map((value) => formatAddress({ family: 4, value })),
  fc.bigInt(2n ** 100n, 2n ** 128n - 1n).map((value) => formatAddress({ family: 6, value })),
);
const port = fc.integer({ min: 1, max: 65_535 });

function bytesOf(write: (writer: MessageWriter) => void): Buffer {
  const writer = new MessageWriter();
  write(writer);
  return Buffer.from(writer.bytes);
}

describe("IPVS servers", () => {
  test("virtual servers read back as they were written", () => {
    const server: fc.Arbitrary<VirtualServer> = fc.record({
      protocol: fc.constantFrom("TCP", "UDP", "SCTP"),
      address,
      port,
      scheduler: fc.constantFrom("rr", "wrr", "mh"),
      hashPort: fc.boolean(),
      hashFallback: fc.boolean(),
      persistence: fc.nat(86_400),
    });
    fc.assert(
      fc.property(server, (given) => {
        assert.deepEqual(readVirtualServer(bytesOf((writer) => writeVirtualServer(writer, given))), { ...given });
      }),
    );
  });

  test("real servers read back as they were written", () => {
    const server: fc.Arbitrary<RealServer> = fc.record({ address, port, weight: fc.nat(65_535) });
    fc.assert(
      fc.property(server, (given) => {
        const bytes = bytesOf((writer) => writeRealServer(writer, given));
        assert.deepEqual(readRealServer(bytes, 4), { ...given, activeConnections: 0, inactiveConnections: 0 });
      }),
    );
  });

  test("have the layout of linux/ip_vs.h", () => {
    const bytes = bytesOf((writer) => writeRealServer(writer, { address: "10.32.0.3", port: 8080, weight: 1 }));
    const attribute = (type: string, length: string, value: string) => `${length}00${type}00${value}`;
    const expected = [
      attribute("0b", "06", "02000000"),
      attribute("01", "14", `0a200003${"00".repeat(12)}`),
      attribute("02", "06", "1f900000"),
      attribute("03", "08", "00000000"),
      attribute("04", "08", "01000000"),
      attribute("05", "08", "00000000"),
      attribute("06", "08", "00000000"),
    ];
    assert.equal(bytes.toString("hex"), expected.join(""));
  });

  test("that are damaged are refused, never read beyond their end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        for (const read of [readVirtualServer, (nested: Buffer) => readRealServer(nested, 4)])
          try {
            read(Buffer.from(bytes));
          } catch (error) {
            assert.ok(error instanceof NetlinkFormatError, String(error));
          }
      }),
    );
  });

  test("are named by protocol, address and port", () => {
    assert.equal(virtualKey({ protocol: "UDP", address: "fd00::1", port: 53 }), "UDP [fd00::1]:53");
  });
});

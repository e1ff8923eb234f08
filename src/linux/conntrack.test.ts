import assert from "node:assert/strict";
import { test } from "node:test";
import { type Family, parseAddress } from "../ip/address.ts";
import { type FlowProtocol, readFlow } from "./conntrack.ts";
import { MessageWriter } from "./netlink/message.ts";

interface Tuple {
  from: string;
  to: string;
  ports: [number, number];
}

/** The attributes as linux/netfilter/nfnetlink_conntrack.h has them. */
function encode(family: Family, protocol: number, sent: Tuple, answer: Tuple, tcpState?: number): Buffer {
  const writer = new MessageWriter();
  const nested = (type: number, fill: () => void) => {
    const start = writer.beginNested(type);
    fill();
    writer.endAttribute(start);
  };
  const bytes = (text: string) =>
    Buffer.from(
      parseAddress(text)!
        .value.toString(16)
        .padStart(family === 4 ? 8 : 32, "0"),
      "hex",
    );
  const port = (value: number) => Buffer.from([value >> 8, value & 255]);
  for (const [type, { from, to, ports }] of [sent, answer].entries())
    nested(type + 1, () => {
      nested(1, () => {
        writer.attribute(family === 4 ? 1 : 3, bytes(from));
        writer.attribute(family === 4 ? 2 : 4, bytes(to));
      });
      nested(2, () => {
        writer.attribute(1, Buffer.from([protocol]));
        writer.attribute(2, port(ports[0]));
        writer.attribute(3, port(ports[1]));
      });
    });
  writer.uint32(3, 0x188);
  if (tcpState !== undefined) nested(4, () => nested(1, () => writer.attribute(1, Buffer.from([tcpState]))));
  return Buffer.from(writer.bytes);
}

const dns = encode(
  4,
  17,
  { from: "10.1.0.9", to: "10.96.0.10", ports: [5000, 53] },
  { from: "10.1.0.4", to: "10.1.0.9", ports: [5353, 5000] },
);
const dns6 = encode(
  6,
  17,
  { from: "fd00::9", to: "fd00:96::10", ports: [5000, 53] },
  { from: "fd00::4", to: "fd00::9", ports: [53, 5000] },
);
const attempt = (state: number) =>
  encode(
    4,
    6,
    { from: "198.18.0.1", to: "198.18.0.10", ports: [40_000, 30_080] },
    { from: "10.1.0.4", to: "198.18.0.10", ports: [80, 40_000] },
    state,
  );
const read = (bytes: Buffer, family: Family, protocol: FlowProtocol) =>
  readFlow(bytes, 0, bytes.length, family, protocol);

test("flows are read from what the kernel sends", () => {
  const told = (bytes: Buffer, family: Family, protocol: FlowProtocol) => {
    const { destination, destinationPort, replySource, replySourcePort } = read(bytes, family, protocol)!;
    return [destination, destinationPort, replySource, replySourcePort];
  };
  assert.deepEqual(told(dns, 4, "UDP"), ["10.96.0.10", 53, "10.1.0.4", 5353]);
  assert.deepEqual(told(dns6, 6, "UDP"), ["fd00:96::10", 53, "fd00::4", 53]);
  assert.deepEqual(told(attempt(1), 4, "TCP"), ["198.18.0.10", 30_080, "10.1.0.4", 80]);
});

test("a flow is known by its first packet's addresses, kept when the buffer is used again", () => {
  const bytes = Buffer.from(dns);
  const { identity } = read(bytes, 4, "UDP")!;
  bytes.fill(0);
  assert.deepEqual(
    identity.map(([type]) => type),
    [1],
  );
  assert.ok(dns.includes(identity[0]![1]));
});

test("what is no such flow is left out", () => {
  assert.equal(read(dns, 4, "TCP"), undefined);
  assert.equal(read(dns, 6, "UDP"), undefined);
  // ESTABLISHED, SYN_RECV: somebody answered.
  for (const state of [3, 2]) assert.equal(read(attempt(state), 4, "TCP"), undefined);
  assert.equal(read(Buffer.alloc(0), 4, "UDP"), undefined);
});

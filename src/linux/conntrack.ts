import { setImmediate } from "node:timers/promises";
import { bitsOf, type Family, formatAddress } from "../ip/address.ts";
import { NetlinkError } from "./netlink/error.ts";
import { familyNumbers } from "./netlink/family-numbers.ts";
import { type MessageWriter, readAttributes } from "./netlink/message.ts";
import { dump, request } from "./netlink/nfnetlink.ts";
import type { NetlinkSocket } from "./netlink/socket.ts";

/** UDP flows, and TCP connections that nobody has answered yet. Connections that were answered are none of our business. */
export type FlowProtocol = "UDP" | "TCP";

/** One flow that the kernel remembers: where its first packet was sent, and where the answers come from. */
export interface Flow {
  protocol: FlowProtocol;
  destination: string;
  destinationPort: number;
  /** Differs from the destination when it was translated. */
  replySource: string;
  replySourcePort: number;
}

/** A flow as it was listed, with what the kernel knows it by. */
export interface ListedFlow extends Flow {
  /** Attributes of its message that a deletion has to say again: the first packet's addresses and ports, and where it has them a zone and a number. */
  identity: readonly (readonly [type: number, value: Buffer])[];
}

// linux/netfilter/nfnetlink.h and nfnetlink_conntrack.h
const conntrackSubsystem = 1;
const MSG_GET = 1;
const MSG_DELETE = 2;
const TUPLE_ORIGINAL = 1;
const TUPLE_REPLY = 2;
const STATUS = 3;
const PROTOCOL_INFO = 4;
const ID = 12;
const ZONE = 18;
const FILTER = 25;
const STATUS_MASK = 26;
const FILTER_ORIGINAL = 1;
const TUPLE_IP = 1;
const TUPLE_PROTOCOL = 2;
const addressAttributes = { 4: { source: 1, destination: 2 }, 6: { source: 3, destination: 4 } } as const;
const PROTOCOL_NUMBER = 1;
const SOURCE_PORT = 2;
const DESTINATION_PORT = 3;
const PROTOCOL_INFO_TCP = 1;
const TCP_STATE = 1;
const tcpSynSent = 1;
/** CTA_FILTER_F_CTA_PROTO_NUM of the kernel's net/netfilter/nf_internals.h: of the first packet only the protocol is compared. */
const filterProtocol = 1 << 3;
/** IPS_SEEN_REPLY of linux/netfilter/nf_conntrack_common.h. */
const seenReply = 2;
const protocolNumbers = { TCP: 6, UDP: 17 } as const;

/** Reads a flow out of the attributes of the kernel's message; undefined for another protocol, and for TCP that was answered. */
export function readFlow(
  buffer: Buffer,
  start: number,
  end: number,
  family: Family,
  protocol: FlowProtocol,
): ListedFlow | undefined {
  const attributes = readAttributes(buffer, start, end);
  const sent = readTuple(attributes.get(TUPLE_ORIGINAL), family, protocol);
  if (sent === undefined) return undefined;
  const answer = readTuple(attributes.get(TUPLE_REPLY), family, protocol);
  if (answer === undefined || (protocol === "TCP" && readTcpState(attributes.get(PROTOCOL_INFO)) !== tcpSynSent))
    return undefined;
  return {
    protocol,
    destination: sent.destination,
    destinationPort: sent.destinationPort,
    replySource: answer.source,
    replySourcePort: answer.sourcePort,
    identity: [TUPLE_ORIGINAL, ZONE, ID].flatMap((type) => {
      const value = attributes.get(type);
      // The buffer is the socket's, and will hold other messages.
      return value === undefined ? [] : [[type, Buffer.from(value)] as const];
    }),
  };
}

/** One direction of a flow. */
function readTuple(value: Buffer | undefined, family: Family, protocol: FlowProtocol) {
  if (value === undefined) return undefined;
  const tuple = readAttributes(value);
  const ports = readAttributes(tuple.get(TUPLE_PROTOCOL) ?? Buffer.alloc(0));
  if (ports.get(PROTOCOL_NUMBER)?.[0] !== protocolNumbers[protocol]) return undefined;
  const addresses = readAttributes(tuple.get(TUPLE_IP) ?? Buffer.alloc(0));
  const places = addressAttributes[family];
  const source = readAddress(addresses.get(places.source), family);
  const destination = readAddress(addresses.get(places.destination), family);
  const [sourcePort, destinationPort] = [SOURCE_PORT, DESTINATION_PORT].map((type) => ports.get(type)?.readUInt16BE());
  if (!source || !destination || sourcePort === undefined || destinationPort === undefined) return undefined;
  return { source, sourcePort, destination, destinationPort };
}

function readAddress(value: Buffer | undefined, family: Family): string | undefined {
  if (value?.length !== bitsOf(family) / 8) return undefined;
  return formatAddress({ family, value: BigInt(`0x${value.toString("hex")}`) });
}

function readTcpState(value: Buffer | undefined): number | undefined {
  const tcp = value && readAttributes(value).get(PROTOCOL_INFO_TCP);
  return tcp && readAttributes(tcp).get(TCP_STATE)?.[0];
}

/**
 * All such flows of this network namespace. The kernel goes through its table of all connections in one go, which takes some 15 ms of
 * processor time in a table of the usual 262,144 places, be it empty or not. Rejects when the kernel does not allow it, or has no conntrack.
 */
export async function listFlows(family: Family, protocol: FlowProtocol): Promise<ListedFlow[]> {
  const flows: ListedFlow[] = [];
  const question = {
    subsystem: conntrackSubsystem,
    type: MSG_GET,
    family: familyNumbers[family],
    about: `list ${protocol} flows`,
    attributes: (writer: MessageWriter) => writeSelection(writer, protocol),
  };
  await withSocket((socket) =>
    // One that comes or goes meanwhile may be missing or come twice: neither does harm.
    dump(socket, question, (buffer, start, end) => {
      const flow = readFlow(buffer, start, end, family, protocol);
      if (flow !== undefined) flows.push(flow);
    }),
  );
  return flows;
}

/** What the kernel can leave out itself. One before 5.8 does not know these attributes and sends it all. */
function writeSelection(writer: MessageWriter, protocol: FlowProtocol): void {
  const filter = writer.beginNested(FILTER);
  // In host order, unlike other numbers.
  writer.attribute(FILTER_ORIGINAL, Buffer.from(Uint32Array.of(filterProtocol).buffer));
  writer.endAttribute(filter);
  const tuple = writer.beginNested(TUPLE_ORIGINAL);
  const ports = writer.beginNested(TUPLE_PROTOCOL);
  writer.attribute(PROTOCOL_NUMBER, Uint8Array.of(protocolNumbers[protocol]));
  writer.endAttribute(ports);
  writer.endAttribute(tuple);
  if (protocol !== "TCP") return;
  // Not what was answered.
  writer.uint32(STATUS, 0);
  writer.uint32(STATUS_MASK, seenReply);
}

/** Loads what speaks netlink only when it is needed: not every mode does. */
async function withSocket(use: (socket: NetlinkSocket) => Promise<unknown>): Promise<void> {
  const { NetlinkSocket, netfilterProtocol } = await import("./netlink/socket.ts");
  const socket = new NetlinkSocket({ protocol: netfilterProtocol });
  try {
    await use(socket);
  } finally {
    socket.close();
  }
}

/** How many flows are deleted before other work gets its turn: about a millisecond's. */
const deletionsPerTurn = 64;

/**
 * Forgets these flows, and no others: the next packet of each is looked at like a first one. Those that ended meanwhile are no error. One that
 * the kernel does not let go of (EBUSY: a flowtable has it) keeps no other; rejects in the end.
 */
export async function deleteFlows(family: Family, flows: readonly ListedFlow[]): Promise<void> {
  if (flows.length === 0) return;
  const failures: NetlinkError[] = [];
  await withSocket(async (socket) => {
    for (const [index, { protocol, identity }] of flows.entries()) {
      const about = `delete a ${protocol} flow`;
      const attributes = (writer: MessageWriter) => {
        for (const [type, value] of identity) writer.attribute(type, value);
      };
      const question = { subsystem: conntrackSubsystem, type: MSG_DELETE, family: familyNumbers[family], about };
      try {
        request(socket, { ...question, attributes });
      } catch (error) {
        if (!(error instanceof NetlinkError)) throw error;
        if (error.code !== "ENOENT") failures.push(error);
      }
      if (index % deletionsPerTurn === deletionsPerTurn - 1) await setImmediate();
    }
  });
  if (failures.length > 0)
    throw new Error(`${failures.length} of ${flows.length} flows are left; the first: ${failures[0]!.message}`, {
      cause: failures[0],
    });
}

import { bitsOf, type Family, formatAddress, formatAddressPort } from "../ip/address.ts";
import { CommandError, run } from "./command.ts";
import { type MessageWriter, readAttributes } from "./netlink/message.ts";
import { dump } from "./netlink/nfnetlink.ts";

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

// linux/netfilter/nfnetlink.h and nfnetlink_conntrack.h
const conntrackSubsystem = 1;
const MSG_GET = 1;
const TUPLE_ORIGINAL = 1;
const TUPLE_REPLY = 2;
const STATUS = 3;
const PROTOCOL_INFO = 4;
const STATUS_MASK = 26;
const TUPLE_IP = 1;
const TUPLE_PROTOCOL = 2;
const addressAttributes = { 4: { source: 1, destination: 2 }, 6: { source: 3, destination: 4 } } as const;
const PROTOCOL_NUMBER = 1;
const SOURCE_PORT = 2;
const DESTINATION_PORT = 3;
const PROTOCOL_INFO_TCP = 1;
const TCP_STATE = 1;
const tcpSynSent = 1;
/** IPS_SEEN_REPLY of linux/netfilter/nf_conntrack_common.h. */
const seenReply = 2;
const netfilterFamilies = { 4: 2, 6: 10 } as const;
const protocolNumbers = { TCP: 6, UDP: 17 } as const;

/** Reads a flow out of the attributes of the kernel's message; undefined for another protocol, and for TCP that was answered. */
export function readFlow(
  buffer: Buffer,
  start: number,
  end: number,
  family: Family,
  protocol: FlowProtocol,
): Flow | undefined {
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

/** What `conntrack` needs to look at these flows only. */
function selection(family: Family, protocol: FlowProtocol): string[] {
  const flags = ["-f", family === 4 ? "ipv4" : "ipv6", "-p", protocol.toLowerCase()];
  return protocol === "TCP" ? [...flags, "--state", "SYN_SENT"] : flags;
}

/**
 * All such flows of this network namespace. Asked for by netlink: a change of endpoints is followed by it, and a program takes much longer
 * to start than the kernel to answer. Rejects when the kernel does not allow it, or has no conntrack.
 */
export async function listFlows(family: Family, protocol: FlowProtocol): Promise<Flow[]> {
  const { NetlinkSocket, netfilterProtocol } = await import("./netlink/socket.ts");
  const flows: Flow[] = [];
  const socket = new NetlinkSocket({ protocol: netfilterProtocol });
  const question = {
    subsystem: conntrackSubsystem,
    type: MSG_GET,
    family: netfilterFamilies[family],
    about: `list ${protocol} flows`,
    attributes: (writer: MessageWriter) => {
      if (protocol !== "TCP") return;
      // What was answered is left out by the kernel; an older one does not know these and sends it all.
      writer.uint32(STATUS, 0);
      writer.uint32(STATUS_MASK, seenReply);
    },
  };
  try {
    // One that comes or goes meanwhile may be missing or come twice: neither does harm.
    await dump(socket, question, (buffer, start, end) => {
      const flow = readFlow(buffer, start, end, family, protocol);
      if (flow !== undefined) flows.push(flow);
    });
  } finally {
    socket.close();
  }
  return flows;
}

/**
 * Forgets the flows that were sent to one place and are answered from another, whoever sends them. The next packet of each is looked
 * at like a first one.
 */
export async function deleteFlows(family: Family, flow: Flow): Promise<void> {
  const args = [
    ...["-D", ...selection(family, flow.protocol)],
    ...["--orig-dst", flow.destination, "--orig-port-dst", String(flow.destinationPort)],
    ...["--reply-src", flow.replySource, "--reply-port-src", String(flow.replySourcePort)],
  ];
  try {
    await run("conntrack", args);
  } catch (error) {
    // None was left: they ran out in the meantime.
    if (error instanceof CommandError && /\b0 flow entries have been deleted/.test(error.stderr)) return;
    throw error;
  }
}

/** "UDP 10.96.0.10:53>10.1.0.4:5353": the same for all flows that deleteFlows takes together. */
export function flowKey(flow: Flow): string {
  const from = formatAddressPort(flow.replySource, flow.replySourcePort);
  return `${flow.protocol} ${formatAddressPort(flow.destination, flow.destinationPort)}>${from}`;
}

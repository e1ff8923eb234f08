import { type Family, formatAddress, formatAddressPort, parseAddress } from "../ip/address.ts";
import { CommandError, run } from "./command.ts";

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

const fieldPattern = /\b(src|dst|sport|dport)=(\S+)/g;

/** Reads what `conntrack -L` prints; lines of other protocols or forms are left out. */
export function parseFlows(text: string): Flow[] {
  const flows: Flow[] = [];
  for (const line of text.split("\n")) {
    const protocol = line.startsWith("udp ") ? "UDP" : /^tcp +6 +\d+ +SYN_SENT /.test(line) ? "TCP" : undefined;
    if (protocol === undefined) continue;
    // The fields come twice: for the direction of the first packet, then for the answers.
    const [, destination, , destinationPort, replySource, , replySourcePort] = [...line.matchAll(fieldPattern)].map(
      ([, , value]) => value,
    );
    const [to, from] = [destination, replySource].map((address) => address && parseAddress(address));
    if (!to || !from || replySourcePort === undefined) continue;
    flows.push({
      protocol,
      destination: formatAddress(to),
      destinationPort: Number(destinationPort),
      replySource: formatAddress(from),
      replySourcePort: Number(replySourcePort),
    });
  }
  return flows;
}

/** What `conntrack` needs to look at these flows only. */
function selection(family: Family, protocol: FlowProtocol): string[] {
  const flags = ["-f", family === 4 ? "ipv4" : "ipv6", "-p", protocol.toLowerCase()];
  return protocol === "TCP" ? [...flags, "--state", "SYN_SENT"] : flags;
}

/** All such flows of this network namespace. Rejects when the `conntrack` tool is missing or not allowed. */
export async function listFlows(family: Family, protocol: FlowProtocol): Promise<Flow[]> {
  return parseFlows(await run("conntrack", ["-L", ...selection(family, protocol)]));
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

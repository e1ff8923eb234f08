import { type Family, formatAddress, formatAddressPort, parseAddress } from "../ip/address.ts";
import { CommandError, run } from "./command.ts";

/** One UDP flow that the kernel remembers: where its first packet was sent, and where the answers come from. */
export interface Flow {
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
    if (!line.startsWith("udp ")) continue;
    // The fields come twice: for the direction of the first packet, then for the answers.
    const [, destination, , destinationPort, replySource, , replySourcePort] = [...line.matchAll(fieldPattern)].map(
      ([, , value]) => value,
    );
    const [to, from] = [destination, replySource].map((address) => address && parseAddress(address));
    if (!to || !from || replySourcePort === undefined) continue;
    flows.push({
      destination: formatAddress(to),
      destinationPort: Number(destinationPort),
      replySource: formatAddress(from),
      replySourcePort: Number(replySourcePort),
    });
  }
  return flows;
}

function familyFlag(family: Family): string {
  return family === 4 ? "ipv4" : "ipv6";
}

/** All UDP flows of this network namespace. Rejects when the `conntrack` tool is missing or not allowed. */
export async function listUdpFlows(family: Family): Promise<Flow[]> {
  return parseFlows(await run("conntrack", ["-L", "-p", "udp", "-f", familyFlag(family)]));
}

/**
 * Forgets the UDP flows that were sent to one place and are answered from another, whoever sends them. The next packet of each is looked
 * at like a first one.
 */
export async function deleteUdpFlows(family: Family, flow: Flow): Promise<void> {
  const args = [
    ...["-D", "-p", "udp", "-f", familyFlag(family)],
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

/** "10.96.0.10:53>10.1.0.4:5353": the same for all flows that deleteUdpFlows takes together. */
export function flowKey(flow: Flow): string {
  return `${formatAddressPort(flow.destination, flow.destinationPort)}>${formatAddressPort(flow.replySource, flow.replySourcePort)}`;
}

/**
 * The network of one Pod: a namespace of its own and a routed point-to-point veth. The Pod's end has a /32 address (and a /128) and sends everything
 * to 169.254.1.1 (and fe80::1), whose link address is pinned to the node's end; the node's end has a host route and pins the Pod's. So no ARP and
 * no neighbour solicitation is ever sent: the kernel's neighbour table counts entries over all namespaces of the machine, and permanent ones are
 * not limited by it.
 */
import { createHash } from "node:crypto";
import { netnsPath, tryIpCommands } from "../../linux/netns.ts";
import { runScript } from "./script.ts";

export interface PodNetwork {
  /** Name of the namespace. */
  netns: string;
  /** Name of the node's end of the veth. */
  link: string;
  address: string;
  /** Of a dual-stack cluster. */
  ipv6?: string;
}

/** The primary one first. */
export function addressesOf({ address, ipv6 }: PodNetwork): readonly [string, ...string[]] {
  return ipv6 === undefined ? [address] : [address, ipv6];
}

const gateway = "169.254.1.1";
const gatewayIPv6 = "fe80::1";
const nodeLinkAddress = "ee:ee:ee:ee:ee:ee";
export const netnsPrefix = "pod-";

export function podNetwork(uid: string, address: string, ipv6?: string): PodNetwork {
  const hash = createHash("sha256").update(uid).digest("hex");
  return { netns: `${netnsPrefix}${hash.slice(0, 16)}`, link: `veth${hash.slice(0, 10)}`, address, ipv6 };
}

/** A locally administered link address made of the Pod's IPv4 address: unique as long as that is. */
export function linkAddressOf(address: string): string {
  const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return ["02", "00", ...bytes].join(":");
}

/** `ip` commands for the node's side of a Pod's network. */
export function nodeSide(pod: PodNetwork, mtu: number): string[] {
  const { netns, link, address, ipv6 } = pod;
  const mac = linkAddressOf(address);
  return [
    `netns add ${netns}`,
    `link add ${link} mtu ${mtu} address ${nodeLinkAddress} type veth peer name eth0 mtu ${mtu} address ${mac} netns ${netns}`,
    `link set ${link} up`,
    `route replace ${address}/32 dev ${link} scope link`,
    `neigh replace ${address} lladdr ${mac} dev ${link} nud permanent`,
    ...(ipv6 === undefined
      ? []
      : [`route replace ${ipv6}/128 dev ${link}`, `neigh replace ${ipv6} lladdr ${mac} dev ${link} nud permanent`]),
  ];
}

/** `ip` commands to run inside of the Pod's namespace. */
export function podSide(pod: PodNetwork): string[] {
  return [
    "link set lo up",
    // Everybody knows it by its address in the Pod network; a link-local one would only announce itself.
    ...(pod.ipv6 === undefined ? [] : ["link set eth0 addrgenmode none"]),
    "link set eth0 up",
    `addr add ${pod.address}/32 dev eth0`,
    `neigh replace ${gateway} lladdr ${nodeLinkAddress} dev eth0 nud permanent`,
    `route replace ${gateway} dev eth0 scope link`,
    `route replace default via ${gateway} dev eth0 src ${pod.address}`,
    ...(pod.ipv6 === undefined
      ? []
      : [
          // It is nobody else's: no need to ask whether it is (RFC 4862, 5.4).
          `addr add ${pod.ipv6}/128 dev eth0 nodad`,
          `neigh replace ${gatewayIPv6} lladdr ${nodeLinkAddress} dev eth0 nud permanent`,
          `route replace ::/0 via ${gatewayIPv6} dev eth0 src ${pod.ipv6}`,
        ]),
  ];
}

/**
 * Makes the networks of many Pods with two processes and one more for each Pod. Resolves to one entry per Pod: undefined, or
 * what went wrong. Rejects only when nothing could be run at all.
 */
export async function createNetworks(pods: readonly PodNetwork[], mtu: number): Promise<(Error | undefined)[]> {
  const errors = new Array<Error | undefined>(pods.length);
  const commands = pods.flatMap((pod, index) => nodeSide(pod, mtu).map((command) => ({ command, index })));
  const failures = await tryIpCommands(commands.map(({ command }) => command));
  for (const [line, reason] of failures) {
    const { command, index } = commands[line] ?? { command: "", index: -1 };
    errors[index] ??= new Error(`ip ${command}: ${reason}`);
  }
  const script = pods.map((pod, index) => {
    if (errors[index] !== undefined) return "";
    const enter = `nsenter --net=${netnsPath(pod.netns)} ip -batch - <<'END' 2>&1 || echo "!${index}"`;
    return [enter, ...podSide(pod), "END", ""].join("\n");
  });
  const output = await runScript(script.join(""));
  let reason: string[] = [];
  for (const line of output.split("\n")) {
    if (line.startsWith("!")) {
      errors[Number(line.slice(1))] ??= new Error(`inside of the Pod's namespace: ${reason.join("; ")}`);
      reason = [];
    } else reason.push(line);
  }
  return errors;
}

/** Takes networks away: the veth pair goes with the namespace. What is not there is not an error. */
export async function deleteNetworks(pods: readonly Pick<PodNetwork, "netns">[]): Promise<void> {
  await tryIpCommands(pods.map(({ netns }) => `netns delete ${netns}`));
}

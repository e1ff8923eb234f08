/** What a node's network needs once, whatever runs on it. All of it may be done again. */
import { writeFile } from "node:fs/promises";
import { parseIPv4, parsePrefix } from "../../ip/ipv4.ts";
import { run } from "../../linux/command.ts";
import { tryIpCommands } from "../../linux/netns.ts";
import { routeProtocol } from "./routes.ts";

/** Makes the node a router. Settings of the node's own network namespace; those of the host stay as they are. */
export async function enableForwarding(): Promise<void> {
  const settings = {
    ip_forward: "1",
    // A Pod's packet may come back from a Service on another link than the one it went out by.
    "conf/all/rp_filter": "0",
    "conf/default/rp_filter": "0",
    // A Pod that reaches itself through its Service leaves and enters by the same link.
    "conf/all/send_redirects": "0",
    "conf/default/send_redirects": "0",
  };
  for (const [name, value] of Object.entries(settings)) await writeFile(`/proc/sys/net/ipv4/${name}`, value);
  // The links of Pods would announce addresses that nobody uses. A kernel without IPv6 has nothing to turn off.
  await writeFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").catch(() => {});
}

/** A bridge without ports: a link that swallows what is sent to it, in kernels without dummy links too. */
const sink = "services";

/**
 * Gives the Services' addresses a route. The kernel wants to know the way before it asks the proxy's rules about a packet of the node's own,
 * and a Pod's packet is refused (no endpoints) only when it could be forwarded. On other clusters the default route serves for that.
 */
export async function routeServices(serviceNetwork: string, nodeAddress: string): Promise<void> {
  if (parsePrefix(serviceNetwork) === undefined || parseIPv4(nodeAddress) === undefined)
    throw new Error(`"${serviceNetwork}" is no IPv4 prefix or "${nodeAddress}" no address`);
  const failures = await tryIpCommands([
    `link add ${sink} type bridge`,
    `link set ${sink} arp off up`,
    `route replace ${serviceNetwork} dev ${sink} src ${nodeAddress} proto ${routeProtocol}`,
  ]);
  // An agent that was started again finds its link there.
  failures.delete(0);
  for (const why of failures.values()) throw new Error(`the Services' addresses get no route: ${why}`);
}

/**
 * Lets Pods reach what is not on the Pod network and has no route to it, such as the API server's machine and the host: such packets
 * leave with the node's address, as network plugins do it (ipMasq of the CNI plugins).
 */
export async function masqueradeBeyondPods(own: string, podNetwork: string): Promise<void> {
  if (parsePrefix(own) === undefined || parsePrefix(podNetwork) === undefined)
    throw new Error(`"${own}" or "${podNetwork}" is no IPv4 prefix`);
  const comment = ["-m", "comment", "--comment", "fairway agent: Pods leave the Pod network with the node's address"];
  const rule = ["POSTROUTING", "-s", own, "!", "-d", podNetwork, ...comment, "-j", "MASQUERADE"];
  const iptables = (action: string) => run("iptables", ["-w", "10", "-t", "nat", action, ...rule]);
  await iptables("-C").catch(() => iptables("-A"));
}

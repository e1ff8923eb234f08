/** What a node's network needs once, whatever runs on it. All of it may be done again. */
import { writeFile } from "node:fs/promises";
import { parseAddress } from "../../ip/address.ts";
import { parsePrefix } from "../../ip/prefix.ts";
import { run } from "../../linux/command.ts";
import { tryIpCommands } from "../../linux/netns.ts";
import { routeProtocol } from "./routes.ts";

/** Makes the node a router. Settings of the node's own network namespace; those of the host stay as they are. */
export async function enableForwarding(dualStack: boolean): Promise<void> {
  const set = (name: string, value: string) => writeFile(`/proc/sys/net/${name}`, value);
  await set("ipv4/ip_forward", "1");
  // A Pod's packet may come back from a Service on another link than the one it went out by.
  await set("ipv4/conf/all/rp_filter", "0");
  await set("ipv4/conf/default/rp_filter", "0");
  // A Pod that reaches itself through its Service leaves and enters by the same link.
  await set("ipv4/conf/all/send_redirects", "0");
  await set("ipv4/conf/default/send_redirects", "0");
  if (!dualStack) {
    // The links of Pods would announce addresses that nobody uses. A kernel without IPv6 has nothing to turn off.
    await set("ipv6/conf/default/disable_ipv6", "1").catch(() => {});
    return;
  }
  await set("ipv6/conf/all/forwarding", "1");
  // No link has a link-local address: nobody needs one, and without it no redirects are sent.
  await set("ipv6/conf/default/addr_gen_mode", "1");
}

/** A bridge without ports: a link that swallows what is sent to it, in kernels without dummy links too. */
const sink = "services";

/**
 * Gives the Services' addresses a route: of each family a range, and the node's address there. The kernel wants to know the way before it asks the
 * proxy's rules about a packet of the node's own, and a Pod's packet is refused (no endpoints) only when it could be forwarded. On other clusters
 * the default route serves for that. Resolves to whether it did so for the first time: what an agent sets on the node was not set before.
 */
export async function routeServices(routes: readonly [range: string, nodeAddress: string][]): Promise<boolean> {
  for (const [range, nodeAddress] of routes)
    if (parsePrefix(range) === undefined || parseAddress(nodeAddress) === undefined)
      throw new Error(`"${range}" is no prefix or "${nodeAddress}" no address`);
  const failures = await tryIpCommands([
    `link add ${sink} type bridge`,
    `link set ${sink} arp off up`,
    ...routes.map(([range, address]) => `route replace ${range} dev ${sink} src ${address} proto ${routeProtocol}`),
  ]);
  // An agent that was started again finds its link there.
  const isFirst = !failures.delete(0);
  for (const why of failures.values()) throw new Error(`the Services' addresses get no route: ${why}`);
  return isFirst;
}

/**
 * Lets Pods reach what is not on the Pod network and has no route to it, such as the API server's machine and the host: such packets
 * leave with the node's address, as network plugins do it (ipMasq of the CNI plugins). `isFirst`: no earlier agent can have done so.
 */
export async function masqueradeBeyondPods(own: string, podNetwork: string, isFirst: boolean): Promise<void> {
  const family = parsePrefix(podNetwork)?.family;
  if (family === undefined || parsePrefix(own)?.family !== family)
    throw new Error(`"${own}" or "${podNetwork}" is no prefix, or they are of different families`);
  const comment = ["-m", "comment", "--comment", "fairway agent: Pods leave the Pod network with the node's address"];
  const rule = ["POSTROUTING", "-s", own, "!", "-d", podNetwork, ...comment, "-j", "MASQUERADE"];
  const iptables = (action: string) =>
    run(family === 4 ? "iptables" : "ip6tables", ["-w", "10", "-t", "nat", action, ...rule]);
  if (isFirst) await iptables("-A");
  else await iptables("-C").catch(() => iptables("-A"));
}

import { writeFile } from "node:fs/promises";
import { parseIPv4, parsePrefix } from "../../ip/ipv4.ts";
import type { Reflector } from "../../kubernetes/reflector.ts";
import type { Node } from "../../kubernetes/types.ts";
import { run } from "../../linux/command.ts";
import { ipBatch } from "../../linux/netns.ts";
import type { Logger } from "../../role/log.ts";

/** Destination prefix to next hop. */
export type Routes = ReadonlyMap<string, string>;

const retryInterval = 1_000;
/** Marks the routes that the agent has set (rtnetlink(7): 4 to 255 are for whoever wants one). */
const routeProtocol = "86";

/** Each other node's Pods are behind that node's address. What is no address is left out: it ends in a command line. */
export function wantedRoutes(nodes: readonly Node[], own: string): Routes {
  const routes = new Map<string, string>();
  for (const { metadata, spec, status } of nodes) {
    if (metadata?.name === own) continue;
    const hop = status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
    for (const destination of spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []))
      if (hop !== undefined && parseIPv4(hop) !== undefined && parsePrefix(destination) !== undefined)
        routes.set(destination, hop);
  }
  return routes;
}

export function routeCommands(current: Routes, wanted: Routes): string[] {
  const gone = [...current.keys()].filter((destination) => !wanted.has(destination));
  const changed = [...wanted].filter(([destination, hop]) => current.get(destination) !== hop);
  return [
    ...gone.map((destination) => `route del ${destination} proto ${routeProtocol}`),
    ...changed.map(([destination, hop]) => `route replace ${destination} via ${hop} proto ${routeProtocol}`),
  ];
}

/** The routes that an agent has set, as `ip route show` writes them. */
export function parseRoutes(text: string): Routes {
  const found = [...text.matchAll(/^(\S+) via (\S+) /gm)];
  return new Map(found.map(([, destination = "", hop = ""]) => [destination, hop]));
}

/** Keeps the routes to the Pods of the other nodes. One `ip` process for each set of changes. */
export class PodRoutes {
  readonly #nodes: Reflector<Node>;
  readonly #own: string;
  readonly #log: Logger;
  /** Undefined until what an earlier life has set was read. */
  #current?: Routes;
  #running = false;
  #again = false;

  constructor(nodes: Reflector<Node>, own: string, log: Logger) {
    this.#nodes = nodes;
    this.#own = own;
    this.#log = log;
    nodes.subscribe(() => this.#changed());
  }

  #changed(): void {
    this.#again = true;
    if (this.#running) return;
    this.#running = true;
    void this.#apply();
  }

  async #apply(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      this.#current ??= parseRoutes(await run("ip", ["route", "show", "proto", routeProtocol]).catch(() => ""));
      // Nothing is taken away before everything is known.
      const wanted = wantedRoutes(this.#nodes.list(), this.#own);
      const next = this.#nodes.isSynced ? wanted : new Map([...this.#current, ...wanted]);
      const commands = routeCommands(this.#current, next);
      try {
        const failures = await ipBatch(commands);
        const real = [...failures].filter(([line]) => !commands[line]?.startsWith("route del"));
        if (real.length > 0) throw new Error(real.map(([line, why]) => `ip ${commands[line]}: ${why}`).join("; "));
        this.#current = next;
      } catch (error) {
        this.#log.error({ err: error }, "cannot set the routes to other nodes' Pods");
        setTimeout(() => this.#changed(), retryInterval).unref();
      }
    }
    this.#running = false;
  }
}

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
  if (!prefix.test(serviceNetwork) || !address.test(nodeAddress))
    throw new Error(`"${serviceNetwork}" is no IPv4 prefix or "${nodeAddress}" no address`);
  const failures = await ipBatch([
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
  if (!prefix.test(own) || !prefix.test(podNetwork)) throw new Error(`"${own}" or "${podNetwork}" is no IPv4 prefix`);
  const comment = ["-m", "comment", "--comment", "fairway agent: Pods leave the Pod network with the node's address"];
  const rule = ["POSTROUTING", "-s", own, "!", "-d", podNetwork, ...comment, "-j", "MASQUERADE"];
  const iptables = (action: string) => run("iptables", ["-w", "10", "-t", "nat", action, ...rule]);
  await iptables("-C").catch(() => iptables("-A"));
}

import { parseIPv4, parsePrefix } from "../../ip/ipv4.ts";
import type { Reflector } from "../../kubernetes/reflector.ts";
import type { Node } from "../../kubernetes/types.ts";
import { run } from "../../linux/command.ts";
import { tryIpCommands } from "../../linux/netns.ts";
import type { Logger } from "../../role/log.ts";

/** Destination prefix to next hop. */
export type Routes = ReadonlyMap<string, string>;

const retryInterval = 1_000;
/** Marks the routes that the agent has set (rtnetlink(7): 4 to 255 are for whoever wants one). */
export const routeProtocol = "86";

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
        const failures = await tryIpCommands(commands);
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

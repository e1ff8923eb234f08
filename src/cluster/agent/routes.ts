import { parseAddress } from "../../ip/address.ts";
import { formatPrefix, parsePrefix } from "../../ip/prefix.ts";
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

/**
 * Each other node's Pods are behind that node's address of the same family. What is no address is left out: it ends in a command line. Destinations
 * are in canonical form, as the kernel writes them.
 */
export function wantedRoutes(nodes: readonly Node[], own: string): Routes {
  const routes = new Map<string, string>();
  for (const { metadata, spec, status } of nodes) {
    if (metadata?.name === own) continue;
    const hops = (status?.addresses ?? []).filter(({ type }) => type === "InternalIP").map(({ address }) => address);
    for (const text of spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : [])) {
      const destination = parsePrefix(text);
      const hop = hops.find((address) => parseAddress(address)?.family === destination?.family);
      if (destination !== undefined && hop !== undefined) routes.set(formatPrefix(destination), hop);
    }
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

/** The routes that an agent has set, as `ip route show table all` writes them, of both families. */
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

  /** `current`: what is set already, where that is known. */
  constructor(nodes: Reflector<Node>, own: string, log: Logger, current?: Routes) {
    this.#nodes = nodes;
    this.#current = current;
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
      this.#current ??= await readRoutes();
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

async function readRoutes(): Promise<Routes> {
  return parseRoutes(await run("ip", ["route", "show", "table", "all", "proto", routeProtocol]).catch(() => ""));
}

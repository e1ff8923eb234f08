import { setImmediate } from "node:timers/promises";
import { type Family, familyOf, formatAddressPort, parseAddress } from "../../../ip/address.ts";
import { type Prefix, prefixContains } from "../../../ip/prefix.ts";
import type { Ipvs } from "../../../linux/ipvs/ipvs.ts";
import { type RealServer, type VirtualAddress, type VirtualServer, virtualKey } from "../../../linux/ipvs/server.ts";
import { parseAddressPort, parseServerKey, parseServerValue } from "./elements.ts";
import type { Refusals } from "./refusals.ts";

export type IpvsCalls = Omit<Ipvs, "close" | "probeScheduler" | "setTimeouts">;

export interface ServersOptions {
  ipvs: IpvsCalls;
  family: Family;
  scheduler: string;
  /** Virtual servers at these addresses are somebody else's. */
  excluded: readonly Prefix[];
  /** An endpoint that the kernel takes for none is left out. */
  refusals: Refusals;
}

interface Entry {
  server: VirtualServer;
  /** "10.32.0.3:8080" → the real server as the kernel has it. A change replaces the value. */
  reals: Map<string, RealServer>;
  /** Otherwise it only stays for the connections that it still has. */
  wanted: boolean;
}

/** Requests between which other work gets its turn. */
const perTurn = 500;
/**
 * Schedulers that send a client to the one real server that its hash names, and refuse it when that has weight 0. Theirs are removed at once,
 * with their connections. (sh and mh are told to look further.)
 */
const unforgiving: readonly string[] = ["dh"];

/**
 * The virtual servers of one family, and what the kernel has of them. Each change is a few requests. A TCP endpoint that goes keeps its
 * connections: it gets weight 0, and is removed when it is idle (`retire`). UDP flows must go elsewhere at once, so theirs are removed.
 * One method at a time: all of them use one socket.
 */
export class Servers {
  readonly #options: ServersOptions;
  #entries = new Map<string, Entry>();
  /** Keys of entries with something that waits to become idle. */
  #leaving = new Set<string>();

  constructor(options: ServersOptions) {
    this.#options = options;
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** Reads what the kernel has. Nothing of it is wanted until it is `set` or `remove`d. */
  async read(): Promise<void> {
    const entries = new Map<string, Entry>();
    for (const server of await this.#options.ipvs.listServers()) {
      if (!this.#isOurs(server)) continue;
      const reals = await this.#options.ipvs.listRealServers(server);
      entries.set(virtualKey(server), {
        server,
        reals: new Map(
          reals.map(({ address, port, weight }) => [formatAddressPort(address, port), { address, port, weight }]),
        ),
        wanted: false,
      });
      if (entries.size % perTurn === 0) await setImmediate();
    }
    this.#entries = entries;
    this.#leaving = new Set();
  }

  /** Whether all that are known are still there. */
  async areIntact(): Promise<boolean> {
    const found = new Set<string>();
    for (const server of await this.#options.ipvs.listServers()) found.add(virtualKey(server));
    return [...this.#entries.keys()].every((key) => found.has(key));
  }

  /** Makes a virtual server as the value says, or changes what differs. Throws NetlinkError. */
  set(key: string, value: string): void {
    const { ipvs, scheduler, refusals } = this.#options;
    const { persistence, realServers } = parseServerValue(value);
    const server: VirtualServer = {
      ...parseServerKey(key),
      scheduler,
      // As kube-proxy: mh takes a client's port into account, sh sends all of a client's connections to one endpoint.
      hashPort: scheduler === "mh",
      // Or those whom the hash sends to an endpoint that is going would be refused.
      hashFallback: scheduler === "mh" || scheduler === "sh",
      persistence,
    };
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      ipvs.addServer(server);
      entry = { server, reals: new Map(), wanted: true };
      this.#entries.set(key, entry);
    } else if (!isSameServer(entry.server, server)) {
      ipvs.changeServer(server);
      entry.server = server;
    }
    entry.wanted = true;
    const wanted = new Set(realServers);
    for (const text of wanted) {
      const known = entry.reals.get(text);
      if (known?.weight === 1) continue;
      const real = { ...parseAddressPort(text), weight: 1 };
      const add = () => ipvs.addRealServer(server, real);
      if (known !== undefined) ipvs.changeRealServer(server, real);
      else if (!refusals.accepts(`endpoint ${text} of ${key}`, add)) continue;
      entry.reals.set(text, real);
    }
    for (const [text, { weight }] of entry.reals) {
      if (wanted.has(text)) continue;
      if (weight === 0 && this.#staysUntilIdle(server)) this.#leaving.add(key);
      else this.#release(key, entry, text);
    }
  }

  /** Takes a virtual server away, or, while it has connections, from new ones. */
  async remove(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.wanted = false;
    for (const text of entry.reals.keys()) this.#release(key, entry, text);
    await this.retire(key);
  }

  /** Addresses that connections still need though nothing that is wanted may have them. */
  neededAddresses(): Set<string> {
    const addresses = new Set<string>();
    for (const key of this.#leaving) {
      const entry = this.#entries.get(key);
      if (entry !== undefined && !entry.wanted) addresses.add(entry.server.address);
    }
    return addresses;
  }

  /** The keys of virtual servers with something that waits to become idle. */
  leaving(): string[] {
    return [...this.#leaving];
  }

  /** Removes what has become idle of a virtual server; resolves to its address when it went itself. */
  async retire(key: string): Promise<string | undefined> {
    const { ipvs } = this.#options;
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const states = entry.reals.size === 0 ? [] : await ipvs.listRealServers(entry.server);
    for (const { address, port, activeConnections, inactiveConnections } of states) {
      const text = formatAddressPort(address, port);
      const real = entry.reals.get(text);
      if (real?.weight !== 0 || activeConnections + inactiveConnections > 0) continue;
      ipvs.deleteRealServer(entry.server, real);
      entry.reals.delete(text);
    }
    if (!entry.wanted && entry.reals.size === 0) {
      ipvs.deleteServer(entry.server);
      this.#entries.delete(key);
      this.#leaving.delete(key);
      return entry.server.address;
    }
    if (![...entry.reals.values()].some(({ weight }) => weight === 0)) this.#leaving.delete(key);
    return undefined;
  }

  #release(key: string, entry: Entry, text: string): void {
    const { ipvs } = this.#options;
    const real = entry.reals.get(text)!;
    if (this.#staysUntilIdle(entry.server)) {
      const idle = { ...real, weight: 0 };
      if (real.weight !== 0) ipvs.changeRealServer(entry.server, idle);
      entry.reals.set(text, idle);
      this.#leaving.add(key);
    } else {
      ipvs.deleteRealServer(entry.server, real);
      entry.reals.delete(text);
    }
  }

  #staysUntilIdle({ protocol }: VirtualAddress): boolean {
    return protocol === "TCP" && !unforgiving.includes(this.#options.scheduler);
  }

  #isOurs({ address }: VirtualAddress): boolean {
    const { family, excluded } = this.#options;
    const parsed = parseAddress(address)!;
    return (
      familyOf(address) === family &&
      !excluded.some((range) => range.family === family && prefixContains(range, parsed))
    );
  }
}

function isSameServer(a: VirtualServer, b: VirtualServer): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.persistence === b.persistence &&
    a.hashPort === b.hashPort &&
    a.hashFallback === b.hashFallback
  );
}

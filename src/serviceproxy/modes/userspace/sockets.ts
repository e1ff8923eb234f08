import type { AddressInfo, Socket } from "node:net";
import { formatAddressPort } from "../../../ip/address.ts";
import type { DescriptorBudget } from "../../../net/budget.ts";
import type { Protocol, ServicePort } from "../../table.ts";
import { Balancer, type EndpointSet } from "./balancer.ts";
import type { PortRange } from "./port-range.ts";
import { type SocketPorts, socketAddresses } from "./redirect.ts";
import { listenTcp } from "./tcp-port.ts";
import { listenUdp } from "./udp-port.ts";

export interface SocketOptions {
  budget: DescriptorBudget;
  portRange: PortRange;
  /** Milliseconds. */
  udpTimeout: number;
  /** A client of this row could not be served. May be called for each connection. */
  refused: (row: ServicePort, error: Error) => void;
}

interface Listener {
  port: number;
  /** Takes no new clients. TCP connections go on. */
  close: () => void;
  /** The row's endpoints changed. */
  updated: (row: ServicePort) => void;
}

interface Entry {
  row: ServicePort;
  balancer: Balancer;
  listeners: Partial<Record<EndpointSet, Listener>>;
}

const sets: readonly EndpointSet[] = ["cluster", "local"];

/**
 * The listening sockets of one address family: one for each set of endpoints that a service port has. A change of endpoints only goes to
 * the balancer; a socket stays as long as its set has anybody in it.
 */
export class Sockets {
  readonly #options: SocketOptions;
  readonly #entries = new Map<string, Entry>();
  /** "UDP 40123", of those that listen. */
  readonly #open = new Set<string>();
  readonly #connections = new Set<Socket>();

  constructor(options: SocketOptions) {
    this.#options = options;
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }
  isOpen(protocol: Protocol, port: number): boolean {
    return this.#open.has(`${protocol} ${port}`);
  }

  /**
   * Serves the row as it is now, and returns the ports for the rules. Sockets that it no longer needs stay open until `prune`, after the
   * rules no longer lead to them. Rejects when one cannot be opened.
   */
  async update(row: ServicePort): Promise<SocketPorts> {
    const entry = this.#entries.get(row.key) ?? { row, balancer: new Balancer(), listeners: {} };
    this.#entries.set(row.key, entry);
    entry.row = row;
    entry.balancer.update(row);
    const ports: Partial<Record<EndpointSet, number>> = {};
    for (const set of sets) {
      if (row[set].length === 0) continue;
      entry.listeners[set] ??= await this.#listen(entry, set);
      ports[set] = entry.listeners[set].port;
    }
    for (const listener of Object.values(entry.listeners)) listener.updated(row);
    return ports;
  }

  /** Closes what the rules no longer lead to: sockets of empty sets, or all of a row that is gone. */
  prune(key: string, isGone: boolean): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    for (const set of sets) {
      if (!isGone && entry.row[set].length > 0) continue;
      entry.listeners[set]?.close();
      delete entry.listeners[set];
    }
    if (isGone) this.#entries.delete(key);
  }

  /** Ends everything, connections too. */
  close(): void {
    for (const key of [...this.#entries.keys()]) this.prune(key, true);
    for (const connection of this.#connections) connection.resetAndDestroy();
  }

  async #listen(entry: Entry, set: EndpointSet): Promise<Listener> {
    const { budget, portRange } = this.#options;
    if (!budget.take(1))
      throw new Error(
        `${entry.row.name}: no descriptor is left to listen with (all ${budget.capacity} are in use); raise the limit of open files`,
      );
    try {
      return await portRange.open((port) => this.#openAt(entry, set, port));
    } catch (error) {
      budget.give(1);
      throw new Error(`${entry.row.name}: cannot listen: ${(error as Error).message}`, { cause: error });
    }
  }

  async #openAt(entry: Entry, set: EndpointSet, port: number): Promise<Listener> {
    const { budget, refused, udpTimeout } = this.#options;
    const { row, balancer } = entry;
    const place = { address: socketAddresses[row.family], port, set, balancer, budget };
    if (row.protocol === "UDP") {
      const { port: bound, relay } = await listenUdp({ ...place, idleTimeout: udpTimeout });
      return this.#note("UDP", bound, {
        close: () => relay.close(),
        // To one that serves a session goes on even when it is no longer chosen, as flows in the kernel do.
        updated: ({ serving }) => {
          const still = new Set(serving);
          relay.retain(({ address, port }) => still.has(formatAddressPort(address, port)));
        },
      });
    }
    const server = await listenTcp({
      ...place,
      connections: this.#connections,
      refused: (error) => refused(entry.row, error),
    });
    const { port: bound } = server.address() as AddressInfo;
    return this.#note("TCP", bound, { close: () => server.close(), updated: () => {} });
  }

  #note(protocol: Protocol, port: number, { close, updated }: Omit<Listener, "port">): Listener {
    const key = `${protocol} ${port}`;
    this.#open.add(key);
    const closeAndForget = () => {
      this.#open.delete(key);
      this.#options.budget.give(1);
      close();
    };
    return { port, close: closeAndForget, updated };
  }
}

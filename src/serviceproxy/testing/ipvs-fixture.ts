import { setImmediate } from "node:timers/promises";
import { formatAddressPort, parseAddress } from "../../ip/address.ts";
import type { SetSchema } from "../../linux/ipset/ipset.ts";
import {
  type RealServer,
  type RealServerState,
  type VirtualAddress,
  type VirtualServer,
  virtualKey,
} from "../../linux/ipvs/server.ts";
import type { DeviceAddress } from "../../linux/rtnetlink/addresses.ts";
import type { NodeContext } from "../compile/compile.ts";
import { ServiceInputs } from "../inputs.ts";
import type { IpvsConfig } from "../modes/ipvs/config.ts";
import type { Kernel } from "../modes/ipvs/kernel.ts";
import { IpvsMode } from "../modes/ipvs/mode.ts";
import { ServiceTable } from "../table.ts";
import { testNode } from "./iptables-fixture.ts";
import { RulesModel } from "./rules-model.ts";

interface FakeServer {
  server: VirtualServer;
  reals: Map<string, RealServerState>;
}

class Refused extends Error {
  readonly code: string;
  constructor(code: string, about: string) {
    super(`${about}: ${code}`);
    this.code = code;
  }
}

function isMulticast(address: string): boolean {
  return /^(22[4-9]|23\d)\.|^ff/.test(address);
}

/**
 * IPVS, IP sets, addresses and rules in memory, refusing what the kernel refuses, and all that is asked of it in the middle of a list: the
 * answers would get lost among each other. Device 2 is the node's eth0.
 */
export class FakeKernel implements Kernel {
  readonly servers = new Map<string, FakeServer>();
  readonly sets = new Map<string, Set<string>>();
  readonly addresses = new Map<number, Set<string>>([[2, new Set(["192.168.0.2", "192.168.1.2", "2001:db8::1"])]]);
  readonly rules = new RulesModel();
  /** Connections of a real server, by "TCP 10.96.0.1:80 10.32.0.3:8080". */
  readonly connections = new Map<string, number>();
  readonly #devices = new Map([["eth0", 2]]);
  /** Every change, in order. */
  readonly calls: string[] = [];
  /** After so many more changes each one fails, as when the process is killed. */
  patience = Number.POSITIVE_INFINITY;

  #isListing = false;

  /** What is listed, as it is when the list has been read. */
  async #list<T>(about: string, found: () => T): Promise<T> {
    this.#refuseInList(about);
    this.#isListing = true;
    await setImmediate();
    this.#isListing = false;
    return found();
  }
  #refuseInList(call: string): void {
    if (this.#isListing) throw new Refused("EBUSY", call);
  }
  #note(call: string): void {
    this.#refuseInList(call);
    if (this.patience <= 0) throw new Refused("EINTR", call);
    this.patience -= 1;
    this.calls.push(call);
  }
  #server(address: VirtualAddress): FakeServer {
    const found = this.servers.get(virtualKey(address));
    if (found === undefined) throw new Refused("ESRCH", virtualKey(address));
    return found;
  }

  readonly ipvs = {
    listServers: () => this.#list("servers", () => [...this.servers.values()].map(({ server }) => server)),
    listRealServers: (address: VirtualAddress) =>
      this.#list("real servers", () => {
        const key = virtualKey(address);
        const reals = this.servers.get(key)?.reals ?? new Map<string, RealServerState>();
        return [...reals].map(([text, real]) => ({
          ...real,
          activeConnections: this.connections.get(`${key} ${text}`) ?? 0,
          inactiveConnections: 0,
        }));
      }),
    addServer: (server: VirtualServer) => {
      this.#note(`add ${virtualKey(server)}`);
      if (this.servers.has(virtualKey(server))) throw new Refused("EEXIST", virtualKey(server));
      this.servers.set(virtualKey(server), { server, reals: new Map() });
    },
    changeServer: (server: VirtualServer) => {
      this.#note(`change ${virtualKey(server)}`);
      this.#server(server).server = server;
    },
    deleteServer: (address: VirtualAddress) => {
      this.#note(`delete ${virtualKey(address)}`);
      this.#server(address);
      this.servers.delete(virtualKey(address));
    },
    addRealServer: (address: VirtualAddress, real: RealServer) => {
      const text = formatAddressPort(real.address, real.port);
      this.#note(`add ${virtualKey(address)} ${text}`);
      const { reals } = this.#server(address);
      if (reals.has(text)) throw new Refused("EEXIST", text);
      if (isMulticast(real.address)) throw new Refused("EINVAL", text);
      reals.set(text, { ...real, activeConnections: 0, inactiveConnections: 0 });
    },
    changeRealServer: (address: VirtualAddress, real: RealServer) => {
      const text = formatAddressPort(real.address, real.port);
      this.#note(`weight ${real.weight} ${virtualKey(address)} ${text}`);
      const { reals } = this.#server(address);
      if (!reals.has(text)) throw new Refused("ENOENT", text);
      reals.set(text, { ...real, activeConnections: 0, inactiveConnections: 0 });
    },
    deleteRealServer: (address: VirtualAddress, real: Pick<RealServer, "address" | "port">) => {
      const text = formatAddressPort(real.address, real.port);
      this.#note(`delete ${virtualKey(address)} ${text}`);
      if (!this.#server(address).reals.delete(text)) throw new Refused("ENOENT", text);
    },
  };

  readonly ipset = {
    create: ({ name }: SetSchema) => {
      if (!this.sets.has(name)) this.sets.set(name, new Set());
    },
    destroy: (name: string) => {
      this.sets.delete(name);
    },
    add: ({ name }: SetSchema, elements: readonly string[]) => {
      for (const element of elements) {
        this.#note(`add ${name} ${element}`);
        this.#set(name).add(element);
      }
    },
    remove: ({ name }: SetSchema, elements: readonly string[]) => {
      for (const element of elements) {
        this.#note(`remove ${name} ${element}`);
        this.#set(name).delete(element);
      }
    },
    listSizes: () =>
      this.#list("sizes", () => new Map([...this.sets].map(([name, elements]) => [name, elements.size]))),
    list: ({ name }: Pick<SetSchema, "name">, found: (element: string) => void) =>
      this.#list(name, () => {
        for (const element of this.#set(name)) found(element);
      }),
  };
  #set(name: string): Set<string> {
    const set = this.sets.get(name);
    if (set === undefined) throw new Refused("ENOENT", name);
    return set;
  }

  readonly devices = {
    indexOf: (name: string) => this.#devices.get(name),
    createDummy: (name: string) => {
      const index = this.#devices.get(name) ?? 3;
      this.#devices.set(name, index);
      if (!this.addresses.has(index)) this.addresses.set(index, new Set());
      return index;
    },
    removeDevice: (name: string) => {
      this.addresses.delete(this.#devices.get(name) ?? 0);
      this.#devices.delete(name);
    },
    add: ({ device, address }: DeviceAddress) => {
      if (isMulticast(address)) throw new Refused("EADDRNOTAVAIL", address);
      this.#note(`hold ${address}`);
      this.addresses.get(device)!.add(address);
    },
    remove: ({ device, address }: DeviceAddress) => {
      this.#note(`drop ${address}`);
      this.addresses.get(device)!.delete(address);
    },
    list: (family: 4 | 6) =>
      this.#list("addresses", () =>
        [...this.addresses].flatMap(([device, all]) =>
          [...all]
            .filter((address) => parseAddress(address)?.family === family)
            .map((address) => ({ device, address })),
        ),
      ),
  };

  readonly iptables: { -readonly [Name in keyof Kernel["iptables"]]: Kernel["iptables"][Name] } = {
    family: 4,
    save: async () => this.rules.save(),
    restore: async (input) => {
      this.#note("restore");
      this.rules.restore(input);
    },
  };

  /** All of it in a form that compares. */
  comparable(): object {
    const sorted = <T>(entries: Iterable<[string, T]>) =>
      Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
    return {
      servers: sorted(
        [...this.servers].map(([key, { server, reals }]) => [
          key,
          { ...server, reals: sorted([...reals].map(([text, { weight }]) => [text, weight])) },
        ]),
      ),
      sets: sorted([...this.sets].map(([name, elements]) => [name, [...elements].sort()])),
      held: [...(this.addresses.get(3) ?? [])].sort(),
      rules: structuredClone(this.rules.tables),
    };
  }
}

export const ipvsConfig: IpvsConfig = {
  family: 4,
  mark: 0x4000,
  masqueradeAll: false,
  localTraffic: { kind: "cidr", cidr: "10.0.0.0/8" },
  randomFully: true,
  scheduler: "rr",
  excluded: [],
};

/** The way from objects to the mode's kernel objects, with a fake in place of the kernel. */
export class IpvsFixture {
  readonly inputs: ServiceInputs;
  readonly table = new ServiceTable();
  readonly kernel: FakeKernel;
  readonly mode: IpvsMode;
  readonly config: IpvsConfig;
  readonly refused: string[] = [];

  constructor(config: Partial<IpvsConfig> = {}, kernel = new FakeKernel(), node: NodeContext = testNode) {
    this.config = { ...ipvsConfig, ...config };
    kernel.iptables.family = this.config.family;
    this.inputs = new ServiceInputs({ ...node, families: [this.config.family] });
    this.kernel = kernel;
    this.mode = new IpvsMode(
      kernel,
      () => this.config,
      (what) => this.refused.push(what),
    );
  }
  async sync(): Promise<void> {
    this.inputs.compile(this.table);
    this.table.takeChanges();
    await this.mode.sync(this.table);
  }
  async apply(): Promise<void> {
    this.inputs.compile(this.table);
    await this.mode.apply(this.table.takeChanges(), this.table);
  }
  /** What a fresh start makes of the same table, on an empty kernel or on another. */
  async restart(kernel = new FakeKernel()): Promise<IpvsFixture> {
    const fresh = new IpvsFixture(this.config, kernel);
    for (const row of this.table.rows()) fresh.table.setUnit(row.key, [row]);
    await fresh.sync();
    return fresh;
  }
}

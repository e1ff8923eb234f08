import { isDeepStrictEqual } from "node:util";
import { isLoopback, parseAddress } from "../../../ip/address.ts";
import { isLinkLocalSix } from "../../../linux/rtnetlink/addresses.ts";
import type { RowChange, ServiceTable } from "../../table.ts";
import { type DesiredElement, DesiredElements } from "../desired.ts";
import { readTables } from "../iptables/mode.ts";
import type { Mode } from "../mode.ts";
import { cleanupFamily } from "./cleanup.ts";
import type { IpvsConfig } from "./config.ts";
import { elementsAt, type Place } from "./elements.ts";
import type { Kernel } from "./kernel.ts";
import { planRules } from "./plan.ts";
import { type OnRefused, Refusals } from "./refusals.ts";
import { jumps, rulesOf } from "./rules.ts";
import { device, type SetKind, serversSet, setKinds, setName, setSchema, setTypes } from "./schema.ts";
import { Servers } from "./servers.ts";
import { chunks, inTurns } from "./turns.ts";

/** Changes by set: the order within one means nothing. */
interface Difference {
  adds: Map<string, DesiredElement[]>;
  deletes: Map<string, DesiredElement[]>;
}

/**
 * The service proxy in IPVS; README.md tells the way of a packet. `config` is asked for anew at each full sync; `onRefused` is told of addresses
 * that the kernel does not take.
 */
export class IpvsMode implements Mode {
  readonly family: Mode["family"];
  readonly #kernel: Kernel;
  readonly #config: () => IpvsConfig;
  readonly #servers: Servers;
  #place: Place = { nodePortAddresses: [], elsewhere: new Set() };
  #desired = DesiredElements.of([], elementsAt(this.#place));
  readonly #refusals: Refusals;
  /** Addresses that the device cannot have. */
  readonly #unheld = new Set<string>();
  #device = 0;
  /** No Service of this family yet and nothing left of an earlier run: nothing is written until there is one. */
  #dormant = true;
  /** The end of what is under way. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(kernel: Kernel, config: () => IpvsConfig, onRefused: OnRefused) {
    const { family, scheduler, excluded } = config();
    this.family = family;
    this.#kernel = kernel;
    this.#config = config;
    this.#refusals = new Refusals(onRefused);
    this.#servers = new Servers({ ipvs: kernel.ipvs, family, scheduler, excluded, refusals: this.#refusals });
  }

  sync(table: ServiceTable): Promise<void> {
    return this.#alone(() => this.#sync(table));
  }
  apply(changes: readonly RowChange[], table: ServiceTable): Promise<void> {
    return this.#alone(() => this.#apply(changes, table));
  }
  isIntact(): Promise<boolean> {
    return this.#alone(() => this.#isIntact());
  }

  /** One after the other: a netlink socket that is in the middle of a list cannot be asked anything else. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(work);
    this.#busy = result.catch(() => {});
    return result;
  }

  async #sync(table: ServiceTable): Promise<void> {
    const { ipset, devices, iptables } = this.#kernel;
    const rows = [...table.rows()].filter(({ family }) => family === this.family);
    const sizes = await ipset.listSizes();
    this.#dormant = rows.length === 0 && !sizes.has(setName(this.family, "ADDRESSES"));
    if (this.#dormant) return;
    for (const kind of Object.keys(setTypes) as SetKind[]) ipset.create(setSchema(this.family, kind));
    this.#device = devices.createDummy(device);
    const config = this.#config();
    const { held, place } = await this.#readAddresses(config);
    this.#place = place;
    // Before anything leads to a Service, so that nobody is masqueraded or let in by half of the rules.
    const restore = planRules(await readTables(iptables), rulesOf(config), jumps);
    if (restore !== "") await iptables.restore(restore);
    await this.#servers.read();
    const desired = DesiredElements.of(rows, elementsAt(place));
    const difference = await this.#compare(desired, held);
    this.#desired = desired;
    await this.#write(difference);
    // Somebody may have removed the device, from under connections too.
    for (const address of this.#servers.neededAddresses())
      if (!place.elsewhere.has(address)) this.#holdAddress(address);
  }

  async #apply(changes: readonly RowChange[], table: ServiceTable): Promise<void> {
    const own = changes.filter(({ before, after }) => (after ?? before)?.family === this.family);
    if (own.length === 0) return;
    if (this.#dormant) return this.#sync(table);
    for (const { before, after } of own) this.#desired.replace(before, after);
    const { adds, deletes } = this.#desired.take();
    await this.#write({ adds: Map.groupBy(adds, setOf), deletes: Map.groupBy(deletes, setOf) });
  }

  async #isIntact(): Promise<boolean> {
    if (this.#dormant) return true;
    const { ipset, iptables, devices } = this.#kernel;
    const config = this.#config();
    // Without the device there is nobody to ask about.
    if (devices.indexOf(device) !== this.#device) return false;
    const { held, place } = await this.#readAddresses(config);
    if (!isDeepStrictEqual(place, this.#place)) return false;
    for (const [address] of this.#desired.elements("ADDRESSES"))
      if (!held.has(address) && !this.#unheld.has(address)) return false;
    const sizes = await ipset.listSizes();
    for (const kind of Object.keys(setTypes) as SetKind[]) {
      const size = sizes.get(setName(this.family, kind));
      if (size === undefined || size < this.#desired.sizeOf(kind)) return false;
    }
    if (!(await this.#servers.areIntact())) return false;
    return planRules(await readTables(iptables), rulesOf(config), jumps) === "";
  }

  /**
   * Removes real servers, virtual servers and addresses that only waited for their last connections. Other methods get their turn in between.
   * One that cannot be removed keeps no other: what failed is thrown at the end, and tried again with the next call.
   */
  async retire(): Promise<void> {
    if (this.#dormant) return;
    const idle = new Set<string>();
    const failures: Error[] = [];
    const attempt = <T>(work: () => Promise<T>) =>
      this.#alone(work).catch((error: Error) => {
        failures.push(error);
      });
    for (const key of this.#servers.leaving()) {
      const address = await attempt(() => this.#servers.retire(key));
      if (address !== undefined) idle.add(address);
    }
    await attempt(async () => this.#dropUnneeded(idle));
    if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
  }

  async cleanup(): Promise<void> {
    this.#dormant = true;
    await this.#alone(() => cleanupFamily(this.#kernel));
  }

  /** What kube-ipvs0 holds, and the node's other addresses. */
  async #readAddresses(config: IpvsConfig): Promise<{ held: Set<string>; place: Place }> {
    const held = new Set<string>();
    const elsewhere = new Set<string>();
    for (const found of await this.#kernel.devices.list(this.family))
      (found.device === this.#device ? held : elsewhere).add(found.address);
    const ports = config.nodePortAddresses ?? [...elsewhere];
    const nodePortAddresses = ports.filter((text) => !isLoopback(parseAddress(text)!) && !isLinkLocalSix(text)).sort();
    return { held, place: { nodePortAddresses, elsewhere } };
  }

  /** What leads from the kernel's state to the desired one. */
  async #compare(desired: DesiredElements, held: ReadonlySet<string>): Promise<Difference> {
    const adds = new Map<string, DesiredElement[]>();
    const deletes = new Map<string, DesiredElement[]>();
    for (const kind of Object.keys(setTypes) as SetKind[]) {
      const present = new Set<string>();
      await this.#kernel.ipset.list(setSchema(this.family, kind), (element) => present.add(element));
      // An address is to be in both places, the set and the device.
      const others = kind === "ADDRESSES" ? held : present;
      const wanted = [...desired.elements(kind)].map(([key]) => ({ set: kind, key }));
      adds.set(
        kind,
        wanted.filter(({ key }) => !present.has(key) || !others.has(key)),
      );
      deletes.set(
        kind,
        [...present.union(others)]
          .filter((key) => desired.valueOf(kind, key) === undefined)
          .map((key) => ({ set: kind, key })),
      );
    }
    // Each is looked at: its real servers may differ too.
    const servers = [...desired.elements(serversSet)].map(([key, value]) => ({ set: serversSet, key, value }));
    adds.set(serversSet, servers);
    const gone = [...this.#servers.keys()].filter((key) => desired.valueOf(serversSet, key) === undefined);
    deletes.set(
      serversSet,
      gone.map((key) => ({ set: serversSet, key })),
    );
    return { adds, deletes };
  }

  /** In an order in which a client finds the Service as it was or as it will be: who is refused is so before the last endpoint goes. */
  async #write({ adds, deletes }: Difference): Promise<void> {
    const { ipset } = this.#kernel;
    const keysOf = (changes: Map<string, DesiredElement[]>, set: string) =>
      (changes.get(set) ?? []).map(({ key }) => key);
    for (const kind of setKinds)
      await inTurns(chunks(keysOf(adds, kind)), (keys) => ipset.add(setSchema(this.family, kind), keys));
    await inTurns(adds.get(serversSet) ?? [], ({ key, value = "" }) => this.#servers.set(key, value));
    await inTurns(keysOf(adds, "ADDRESSES"), (address) => this.#holdAddress(address));
    for (const kind of setKinds.toReversed())
      await inTurns(chunks(keysOf(deletes, kind)), (keys) => ipset.remove(setSchema(this.family, kind), keys));
    const changed = new Set(keysOf(adds, serversSet));
    for (const key of keysOf(deletes, serversSet)) if (!changed.has(key)) await this.#servers.remove(key);
    const needed = this.#servers.neededAddresses();
    await inTurns(keysOf(deletes, "ADDRESSES"), (address) => {
      if (!needed.has(address)) this.#dropAddress(address);
    });
  }

  /** The set first and last: at no moment is a held address without its protection. */
  #holdAddress(address: string): void {
    this.#kernel.ipset.add(setSchema(this.family, "ADDRESSES"), [address]);
    const add = () => this.#kernel.devices.add({ device: this.#device, address });
    if (this.#refusals.accepts(`address ${address}`, add)) this.#unheld.delete(address);
    else this.#unheld.add(address);
  }
  #dropUnneeded(addresses: Iterable<string>): void {
    const needed = this.#servers.neededAddresses();
    for (const address of addresses)
      if (!needed.has(address) && this.#desired.valueOf("ADDRESSES", address) === undefined) this.#dropAddress(address);
  }
  #dropAddress(address: string): void {
    if (!this.#unheld.delete(address)) this.#kernel.devices.remove({ device: this.#device, address });
    this.#kernel.ipset.remove(setSchema(this.family, "ADDRESSES"), [address]);
  }
}

function setOf({ set }: DesiredElement): string {
  return set;
}

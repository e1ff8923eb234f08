import { setImmediate } from "node:timers/promises";
import type { Element, Table, Transaction } from "../../../linux/nftables/transaction.ts";
import type { RowChange, ServicePort, ServiceTable } from "../../table.ts";
import { DesiredElements, elementOf } from "../desired.ts";
import type { Mode } from "../mode.ts";
import { affinityObjects } from "./affinity.ts";
import { isSharedChain, sharedChain, spreadChains } from "./chains.ts";
import type { NftablesConfig } from "./config.ts";
import { eachElement } from "./elements.ts";
import { endpointMaps } from "./schema.ts";
import { skeletonChains, skeletonScript } from "./skeleton.ts";
import { neededOptions } from "./support.ts";

/** Elements of one transaction: about half a megabyte. The kernel holds its lock, and this process its event loop, for some milliseconds. */
const chunkSize = 8000;

/** Tells of changes to the table that this process did not make. */
export interface Watcher {
  /** Whether there were any since the last `forget`; does not wait. */
  isDamaged(): boolean;
  /** What happened so far was our own doing, or is mended. */
  forget(): void;
}

/** Elements to be written in one phase of a full sync, in transactions of bounded size. */
class Work {
  readonly adds: Element[] = [];
  /** Another value for a key: deleted and added in one transaction. */
  readonly changes: { delete: Element; add: Element }[] = [];
  readonly deletes: Element[] = [];

  *transactions(): Generator<Transaction> {
    for (const adds of chunks(this.adds, chunkSize)) yield { adds };
    for (const chunk of chunks(this.changes, chunkSize))
      yield { deletes: chunk.map((change) => change.delete), adds: chunk.map((change) => change.add) };
    for (const deletes of chunks(this.deletes, chunkSize)) yield { deletes };
  }
}

/** The service proxy in elements of nftables maps: README.md tells the way of a packet. `config` is asked for anew at each full sync. */
export class NftablesMode implements Mode {
  readonly family: Mode["family"];
  readonly #table: Table;
  readonly #config: () => NftablesConfig;
  readonly #watcher: Watcher;
  #desired = DesiredElements.of([], eachElement);
  /** Shared chains that the kernel has, and how many elements lead to each. */
  #chains = new Map<string, number>();
  /** Chains, and sets of affinity, that nothing leads to any more; kernels before 6.2 let go of them only after a while. */
  #left: { chains: string[]; sets: string[] } = { chains: [], sets: [] };
  /** No Service of this family yet and nothing left of an earlier run: nothing is written until there is one. */
  #dormant = true;
  #script = "";
  #cleanupFailures = 0;

  constructor(table: Table, config: () => NftablesConfig, watcher: Watcher) {
    this.family = config().family;
    this.#table = table;
    this.#config = config;
    this.#watcher = watcher;
  }

  /** How often the kernel still held on to chains and sets that nothing leads to. */
  get cleanupFailures(): number {
    return this.#cleanupFailures;
  }

  async sync(table: ServiceTable): Promise<void> {
    const rows = [...table.rows()].filter(({ family }) => family === this.family);
    const names = await this.#table.readNames();
    this.#dormant = rows.length === 0 && names.sets.length === 0;
    if (this.#dormant) return;
    const config = this.#config();
    // From here on what the watcher tells of counts again.
    this.#watcher.forget();
    const known = await this.#writeSkeleton(config, names.sets);

    const desired = DesiredElements.of(rows, eachElement);
    const wanted = {
      chains: new Set<string>(skeletonChains(config)),
      sets: new Set<string>(this.#table.schema.sets.keys()),
    };
    const affine = rows.filter(({ affinitySeconds }) => affinitySeconds > 0);
    for (const chunk of chunks(affine, 500)) {
      const objects = chunk.map((row) => affinityObjects(row));
      const transaction = {
        sets: objects.flatMap(({ sets }) => sets),
        chains: objects.flatMap(({ chains }) => chains),
      };
      for (const { name } of transaction.sets) wanted.sets.add(name);
      for (const { name } of transaction.chains) wanted.chains.add(name);
      this.#table.commit(transaction);
    }
    await this.#writeElements(desired, known);
    this.#desired = desired;
    // Whatever else there is was ours once, or is a stranger's that came into our table.
    this.#left = {
      chains: names.chains.filter((name) => !wanted.chains.has(name) && !this.#chains.has(name)),
      sets: names.sets.filter((name) => !wanted.sets.has(name)),
    };
    this.#removeLeft();
  }

  async apply(changes: readonly RowChange[], table: ServiceTable): Promise<void> {
    const own = changes.filter(({ before, after }) => (after ?? before)?.family === this.family);
    if (own.length === 0) return;
    if (this.#dormant) return this.sync(table);
    let from = 0;
    while (from < own.length) {
      let to = from;
      for (; to < own.length && this.#desired.touched < chunkSize; to += 1)
        this.#desired.replace(own[to]!.before, own[to]!.after);
      this.#commitChanges(own.slice(from, to));
      from = to;
      if (from < own.length) await setImmediate();
    }
    this.#removeLeft();
  }

  async isIntact(): Promise<boolean> {
    if (this.#dormant) return true;
    // Node port addresses and the like come with the skeleton.
    return !this.#watcher.isDamaged() && this.#script === skeletonScript(this.#config());
  }

  async cleanup(): Promise<void> {
    this.#dormant = true;
    const { sets, chains } = await this.#table.readNames();
    if (sets.length + chains.length === 0) return;
    const { family, name } = this.#table.schema;
    // Adding it first makes it no error that it is gone meanwhile.
    await this.#table.run(`add table ${family} ${name}\ndelete table ${family} ${name}\n`);
  }

  /** Returns the sets that were there before, whose elements are known only after reading them. */
  async #writeSkeleton(config: NftablesConfig, present: readonly string[]): Promise<ReadonlySet<string>> {
    this.#script = skeletonScript(config);
    const { family, name } = this.#table.schema;
    let known: ReadonlySet<string> = new Set(present);
    try {
      await this.#table.run(skeletonScript(config, known));
      this.#table.commit({ chains: spreadChains(config.family) });
    } catch (error) {
      if (present.length === 0)
        throw new Error(`the rules cannot be made; the kernel needs ${neededOptions}: ${(error as Error).message}`, {
          cause: error,
        });
      // A release with other sets of these names: connections go on, new ones wait for the elements.
      known = new Set();
      await this.#table.run(`delete table ${family} ${name}\n${this.#script}`);
      this.#table.commit({ chains: spreadChains(config.family) });
    }
    this.#watcher.forget();
    return known;
  }

  /** Brings the elements from what the kernel has to what is desired, in an order in which every verdict finds its endpoints. */
  async #writeElements(desired: DesiredElements, present: ReadonlySet<string>): Promise<void> {
    const endpoints = new Work();
    const verdicts = new Work();
    const last = new Work();
    for (const set of this.#table.schema.sets.keys()) {
      const before = new Map<string, string>();
      if (present.has(set)) await this.#table.readElements(set, (key, value = "") => before.set(key, value));
      const isEndpoints = endpointMaps.has(set);
      const work = isEndpoints ? endpoints : verdicts;
      for (const [key, value] of desired.elements(set)) {
        const old = before.get(key);
        if (old === undefined) work.adds.push(elementOf(set, key, value));
        else if (old !== value) work.changes.push({ delete: { set, key }, add: elementOf(set, key, value) });
        before.delete(key);
      }
      for (const key of before.keys()) (isEndpoints ? last : verdicts).deletes.push({ set, key });
    }
    // The rules of chains in use are written anew, whether they changed or not.
    const shared = new Map<string, number>();
    for (const [set, { value }] of this.#table.schema.sets)
      if (value === "verdict") for (const [, verdict] of desired.elements(set)) count(shared, verdict, 1);
    for (const chunk of chunks([...shared.keys()], 500))
      this.#table.commit({ chains: chunk.map((name) => sharedChain(name, this.family)) });
    this.#chains = shared;
    for (const work of [endpoints, verdicts, last])
      for (const transaction of work.transactions()) {
        this.#table.commit(transaction);
        await setImmediate();
      }
  }

  #commitChanges(changes: readonly RowChange[]): void {
    const { deletes, deleted, adds } = this.#desired.take();
    const before = affinityOf(changes.map((change) => change.before));
    const after = affinityOf(changes.map((change) => change.after));
    const chains = [...after.chains.values()].filter(
      ({ name, rules }) => !isSame(before.chains.get(name)?.rules, rules),
    );
    const users = new Map<string, number>();
    for (const { value = "" } of adds) count(users, value, 1);
    for (const value of deleted) count(users, value, -1);
    const made = [...users.keys()].filter((name) => !this.#chains.has(name));
    chains.push(...made.map((name) => sharedChain(name, this.family)));
    const sets = [...after.sets.values()].filter(({ name }) => !before.sets.has(name));
    const transaction: Transaction = { deletes, sets, chains, adds };
    if (deletes.length + sets.length + chains.length + adds.length > 0) this.#table.commit(transaction);
    for (const [name, more] of users) this.#chains.set(name, (this.#chains.get(name) ?? 0) + more);
    const unused = [...users.keys()].filter((name) => this.#chains.get(name) === 0);
    for (const name of unused) this.#chains.delete(name);
    const isLeft = (name: string) => !after.chains.has(name) && !after.sets.has(name) && !this.#chains.has(name);
    this.#left = {
      chains: [...this.#left.chains, ...before.chains.keys(), ...unused].filter(isLeft),
      sets: [...this.#left.sets, ...before.sets.keys()].filter(isLeft),
    };
  }

  /** Removes what nothing leads to. A kernel that still holds on to it is asked again with the next change. */
  #removeLeft(): void {
    const { chains, sets } = this.#left;
    if (chains.length + sets.length === 0) return;
    try {
      this.#table.commit({ dropChains: chains, dropSets: sets });
      this.#left = { chains: [], sets: [] };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
      this.#cleanupFailures += 1;
    }
  }
}

function affinityOf(rows: readonly (ServicePort | undefined)[]) {
  const objects = rows.flatMap((row) => (row !== undefined && row.affinitySeconds > 0 ? [affinityObjects(row)] : []));
  return {
    sets: new Map(objects.flatMap(({ sets }) => sets.map((set) => [set.name, set]))),
    chains: new Map(objects.flatMap(({ chains }) => chains.map((chain) => [chain.name, chain]))),
  };
}

/** Counts an element that leads to a shared chain; others have no part in it. */
function count(users: Map<string, number>, value: string, more: 1 | -1): void {
  const chain = value.startsWith("goto ") ? value.slice(5) : "";
  if (isSharedChain(chain)) users.set(chain, (users.get(chain) ?? 0) + more);
}

/** Rules say the same when their texts do. */
function isSame(a: readonly { text: string }[] | undefined, b: readonly { text: string }[]): boolean {
  return a !== undefined && a.length === b.length && a.every(({ text }, index) => text === b[index]!.text);
}

function* chunks<T>(list: readonly T[], size: number): Generator<T[]> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size);
}

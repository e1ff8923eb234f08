import { MessageWriter } from "../netlink/message.ts";
import { encodeElement } from "./elements.ts";
import { setOf, type TableSchema } from "./schema.ts";
import type { Element, Table, Transaction } from "./transaction.ts";

/** What the kernel would answer, by errno's name. */
export class FakeTableError extends Error {
  readonly code: "ENOENT" | "EBUSY" | "EEXIST";
  constructor(code: "ENOENT" | "EBUSY" | "EEXIST", about: string) {
    super(`nftables: ${about}: ${code}`);
    this.name = "FakeTableError";
    this.code = code;
  }
}

/**
 * A table in memory that takes the same transactions as the kernel's and refuses what the kernel refuses: deleting what is not there,
 * giving a key another value without deleting it first, leading to a chain that does not exist.
 */
export class FakeTable implements Table {
  readonly schema: TableSchema;
  /** Set name to key to value; a plain set's values are empty texts. */
  sets = new Map<string, Map<string, string>>();
  /** Chain name to the texts of its rules; of chains that `run` made only the name is known. */
  chains = new Map<string, readonly string[]>();
  /** Every script that was run. */
  readonly scripts: string[] = [];
  /** How many transactions were committed. */
  commits = 0;

  constructor(schema: TableSchema) {
    this.schema = schema;
  }

  commit({ deletes = [], sets = [], chains = [], adds = [], dropChains = [], dropSets = [] }: Transaction): void {
    // Undone from the back when a step is refused.
    const undo: (() => void)[] = [];
    try {
      for (const element of deletes) undo.push(this.#delete(element));
      for (const { name } of sets) if (!this.sets.has(name)) undo.push(replace(this.sets, name, new Map()));
      for (const { name, rules } of chains) {
        const texts = rules.map(({ text }) => text);
        for (const text of texts) this.#checkRule(name, text);
        undo.push(replace(this.chains, name, texts));
      }
      for (const element of adds) undo.push(this.#add(element));
      for (const name of dropChains) undo.push(this.#dropChain(name, dropChains));
      for (const name of dropSets) undo.push(this.#dropSet(name));
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
    this.commits += 1;
  }

  #delete({ set: name, key }: Element): () => void {
    const set = this.#set(name);
    const value = set.get(key);
    if (value === undefined) throw new FakeTableError("ENOENT", `delete element ${name} { ${key} }`);
    set.delete(key);
    return () => set.set(key, value);
  }

  #add({ set: name, key, value = "" }: Element): () => void {
    // What cannot be encoded could not be sent either.
    encodeElement(new MessageWriter(256), setOf(this.schema, name), key, value === "" ? undefined : value);
    const set = this.#set(name);
    const present = set.get(key);
    if (present === value) return () => {};
    if (present !== undefined) throw new FakeTableError("EEXIST", `add element ${name} { ${key} : ${value} }`);
    const [verb, chain] = value.split(" ");
    if ((verb === "goto" || verb === "jump") && !this.chains.has(chain ?? ""))
      throw new FakeTableError("ENOENT", `chain ${chain}`);
    set.set(key, value);
    return () => set.delete(key);
  }

  /** A rule may name only chains and sets that are there. */
  #checkRule(chain: string, text: string): void {
    for (const [, target = ""] of text.matchAll(/goto (\S+)/g))
      if (!this.chains.has(target)) throw new FakeTableError("ENOENT", `chain ${target} of a rule in ${chain}`);
    for (const [, name = ""] of text.matchAll(/@(\S+)/g)) this.#set(name);
  }

  #dropChain(name: string, together: readonly string[]): () => void {
    if (!this.chains.has(name)) throw new FakeTableError("ENOENT", `delete chain ${name}`);
    const others = [...this.chains].filter(([chain]) => !together.includes(chain));
    const uses = (text: string) => text.endsWith(`goto ${name}`);
    if (
      others.some(([, rules]) => rules.some(uses)) ||
      [...this.sets.values()].some((set) => [...set.values()].some(uses))
    )
      throw new FakeTableError("EBUSY", `delete chain ${name}`);
    return replace(this.chains, name, undefined);
  }

  #dropSet(name: string): () => void {
    this.#set(name);
    if ([...this.chains.values()].some((rules) => rules.some((text) => text.split(/\s+/).includes(`@${name}`))))
      throw new FakeTableError("EBUSY", `delete set ${name}`);
    return replace(this.sets, name, undefined);
  }

  #set(name: string): Map<string, string> {
    const set = this.sets.get(name);
    if (set === undefined) throw new FakeTableError("ENOENT", `set ${name}`);
    return set;
  }

  /** Understands what makes or removes the table, sets and chains; rules are the kernel's business. */
  async run(script: string): Promise<void> {
    this.scripts.push(script);
    for (const line of script.split("\n")) {
      const [verb, kind, , , name = ""] = line.trim().split(/\s+/);
      if (verb === "delete" && kind === "table") {
        this.sets = new Map();
        this.chains = new Map();
      } else if (verb === "add" && (kind === "set" || kind === "map")) {
        if (!this.sets.has(name)) this.sets.set(name, new Map());
      } else if (verb === "add" && kind === "chain") {
        if (!this.chains.has(name)) this.chains.set(name, []);
      } else if (verb === "flush" && (kind === "set" || kind === "map")) this.#set(name).clear();
    }
  }

  async readElements(name: string, found: (key: string, value: string | undefined) => void): Promise<void> {
    for (const [key, value] of [...this.#set(name)]) found(key, value === "" ? undefined : value);
  }

  async readNames(): Promise<{ chains: string[]; sets: string[] }> {
    return { chains: [...this.chains.keys()], sets: [...this.sets.keys()] };
  }

  /** Everything in it as sorted lines of text. */
  toString(): string {
    const lines = [...this.sets].flatMap(([name, set]) =>
      [...set].map(([key, value]) => `${name} { ${key}${value === "" ? "" : ` : ${value}`} }`),
    );
    return lines.sort().join("\n");
  }
}

/** Sets or removes a key and returns what takes that back. */
function replace<V>(map: Map<string, V>, key: string, value: V | undefined): () => void {
  const before = map.get(key);
  const set = (to: V | undefined) => (to === undefined ? map.delete(key) : map.set(key, to));
  set(value);
  return () => set(before);
}

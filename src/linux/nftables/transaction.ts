import type { Rule } from "./rule.ts";
import { declareSet, type SetSchema, setOf, type TableSchema } from "./schema.ts";

/** An element of a set. Texts are nft's: "10.96.0.1 . tcp . 80", "goto endpoints-2", "10.32.0.3 . 8080". */
export interface Element {
  set: string;
  key: string;
  value?: string;
}

/** A chain without a hook, with all of its rules. */
export interface Chain {
  name: string;
  rules: readonly Rule[];
}

/** A change of a table that takes effect as a whole. The fields stand in the order of work. */
export interface Transaction {
  deletes?: readonly Element[];
  /** Made when they are missing: sets that packets fill (`dynamic`), which are no part of the table's schema. */
  sets?: readonly SetSchema[];
  /** Made when they are missing; their rules are replaced. */
  chains?: readonly Chain[];
  adds?: readonly Element[];
  /** Chains and sets to be removed; nothing may lead to them or use them any more. */
  dropChains?: readonly string[];
  dropSets?: readonly string[];
}

/** The transaction as nft commands, one a line. */
export function formatTransaction(schema: TableSchema, transaction: Transaction): string {
  const { deletes = [], sets = [], chains = [], adds = [], dropChains = [], dropSets = [] } = transaction;
  const place = `${schema.family} ${schema.name}`;
  const lines = [
    ...deletes.map(({ set, key }) => `delete element ${place} ${set} { ${key} }`),
    ...sets.map((set) => declareSet(schema, set)),
    ...chains.flatMap(({ name, rules }) => [
      `add chain ${place} ${name}`,
      `flush chain ${place} ${name}`,
      ...rules.map(({ text }) => `add rule ${place} ${name} ${text}`),
    ]),
    ...adds.map(
      ({ set, key, value }) => `add element ${place} ${set} { ${key}${value === undefined ? "" : ` : ${value}`} }`,
    ),
    // A chain's rules may be what still uses another one.
    ...dropChains.map((name) => `flush chain ${place} ${name}`),
    ...dropChains.map((name) => `delete chain ${place} ${name}`),
    ...dropSets.map((name) => `delete set ${place} ${name}`),
  ];
  for (const { set } of [...deletes, ...adds]) setOf(schema, set);
  return lines.map((line) => `${line}\n`).join("");
}

/** What a program needs of a table: the kernel's, or one in memory that behaves alike. */
export interface Table {
  readonly schema: TableSchema;
  /** Takes effect as a whole, or throws and changes nothing. */
  commit(transaction: Transaction): void;
  /**
   * Runs nft commands as one transaction: for what is rare, such as base chains. Where the table does not exist they must make it.
   */
  run(script: string): Promise<void>;
  /** Calls back with every element of a set. Rejects with a NetlinkError ENOENT when the table or set does not exist. */
  readElements(set: string, found: (key: string, value: string | undefined) => void): Promise<void>;
  /** The names of its chains and sets; empty when the table does not exist. */
  readNames(): Promise<{ chains: string[]; sets: string[] }>;
}

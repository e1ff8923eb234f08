import type { Rule, Table } from "./rules.ts";

/** Collects changes of one table for iptables-restore --noflush: they come into force together. */
export class Section {
  readonly table: Table;
  readonly #chains: string[] = [];
  readonly #rules: string[] = [];
  readonly #ends: string[] = [];

  constructor(table: Table) {
    this.table = table;
  }

  get isEmpty(): boolean {
    return this.lines === 0;
  }
  get lines(): number {
    return this.#chains.length + this.#rules.length + this.#ends.length;
  }

  /** Makes a chain, or empties it, and fills it. */
  replace(chain: string, rules: readonly Rule[]): void {
    this.#chains.push(`:${chain} - [0:0]`);
    for (const rule of rules) this.#rules.push(`-A ${chain} ${rule}`);
  }
  /** Puts a rule in front of a chain's others. */
  insert(chain: string, rule: Rule): void {
    this.#rules.push(`-I ${chain} ${rule}`);
  }
  append(chain: string, rule: Rule): void {
    this.#rules.push(`-A ${chain} ${rule}`);
  }
  delete(chain: string, rule: Rule): void {
    this.#rules.push(`-D ${chain} ${rule}`);
  }
  /** Removes a chain that nothing leads to any more once the other changes are in force. */
  remove(chain: string): void {
    this.#chains.push(`:${chain} - [0:0]`);
    this.#ends.push(`-X ${chain}`);
  }

  toString(): string {
    if (this.isEmpty) return "";
    return `*${this.table}\n${[...this.#chains, ...this.#rules, ...this.#ends].join("\n")}\nCOMMIT\n`;
  }
}

import type { Flow } from "../../../linux/conntrack.ts";
import { type RowChange, type ServicePort, ServiceTable } from "../../table.ts";
import type { Mode } from "../mode.ts";
import { addSocketAddress, hasSocketAddress, removeSocketAddress } from "./node-address.ts";
import { redirectRow, socketAddresses } from "./redirect.ts";
import { type SocketOptions, Sockets } from "./sockets.ts";

export interface UserspaceOptions extends SocketOptions {
  /** The rules' mode: what it is given leads to the proxy's sockets. */
  rules: Mode;
  /** A row that this mode cannot serve. */
  skipped: (row: ServicePort) => void;
}

/** Rows whose sockets are opened at the same time. */
const batch = 64;

/**
 * The service proxy in sockets of its own; README.md tells the way of a connection. The rules are those of another mode, which is given
 * a table where every set of endpoints is one socket of this process.
 */
export class UserspaceMode implements Mode {
  readonly family: Mode["family"];
  readonly #options: UserspaceOptions;
  readonly #sockets: Sockets;
  /** What the rules have to know. */
  readonly #redirected = new ServiceTable();

  constructor(options: UserspaceOptions) {
    this.family = options.rules.family;
    this.#options = options;
    this.#sockets = new Sockets(options);
  }

  async sync(table: ServiceTable): Promise<void> {
    const rows = [...table.rows()].filter((row) => this.#isServed(row));
    if (rows.length > 0) await addSocketAddress(this.family);
    const keys = new Set(rows.map(({ key }) => key));
    const gone = [...this.#sockets.keys()].filter((key) => !keys.has(key));
    const failures: Error[] = [];
    for (let start = 0; start < rows.length; start += batch)
      await Promise.all(
        rows.slice(start, start + batch).map((row) =>
          // One that cannot be opened does not keep the others from being served.
          this.#redirect(row).catch((error: Error) => failures.push(error)),
        ),
      );
    for (const key of gone) this.#redirected.setUnit(key, []);
    this.#redirected.takeChanges();
    await this.#options.rules.sync(this.#redirected);
    for (const key of gone) this.#sockets.prune(key, true);
    for (const key of keys) this.#sockets.prune(key, false);
    if (failures.length > 0) throw new AggregateError(failures, failures[0]!.message);
  }

  async apply(changes: readonly RowChange[]): Promise<void> {
    const own = changes.filter(({ before, after }) => (after ?? before)?.family === this.family);
    if (own.length === 0) return;
    if (!hasSocketAddress(this.family)) await addSocketAddress(this.family);
    for (const { key, after } of own) {
      if (after !== undefined && this.#isServed(after)) await this.#redirect(after);
      else this.#redirected.setUnit(key, []);
    }
    const seen = this.#redirected.takeChanges();
    // Endpoints that came or went in a set that has others are no rule's business.
    if (seen.length > 0) await this.#options.rules.apply(seen, this.#redirected);
    for (const { key, after } of own) this.#sockets.prune(key, after === undefined);
  }

  async isIntact(): Promise<boolean> {
    if (this.#redirected.size > 0 && !hasSocketAddress(this.family)) return false;
    return this.#options.rules.isIntact();
  }

  /** A flow that the rules brought to a socket of this process: it knows itself where its datagrams go. */
  isServing({ protocol, replySource, replySourcePort }: Flow): boolean {
    return replySource === socketAddresses[this.family] && this.#sockets.isOpen(protocol, replySourcePort);
  }

  async cleanup(): Promise<void> {
    await this.#options.rules.cleanup();
    await removeSocketAddress(this.family);
  }

  /** Ends all connections and takes no new clients, as the end of the process does. Rules stay. */
  close(): void {
    this.#sockets.close();
  }

  async #redirect(row: ServicePort): Promise<void> {
    this.#redirected.setUnit(row.key, [redirectRow(row, await this.#sockets.update(row))]);
  }
  /** Node has no SCTP sockets. */
  #isServed(row: ServicePort): boolean {
    if (row.family !== this.family) return false;
    if (row.protocol !== "SCTP") return true;
    this.#options.skipped(row);
    return false;
  }
}

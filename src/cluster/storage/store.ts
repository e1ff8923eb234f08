import { Collection } from "./collection.ts";
import type { Entry, Stored, StoreEvent } from "./entry.ts";
import { History } from "./history.ts";
import type { Journal, JournalRow } from "./journal.ts";

export interface StoreOptions {
  /** How many changes stay available for watches to resume from, and for paged lists to read the past; 2048 when absent. */
  window?: number;
  /** Characters of JSON that these changes may hold together; 32 million when absent. */
  windowCharacters?: number;
}

interface Pending {
  event: StoreEvent;
  resolve: (entry: Entry) => void;
  reject: (error: Error) => void;
}

/**
 * The state of the cluster: memory for every read and watch, a journal for durability.
 *
 * A write is checked against the newest state (`Collection.latest`), gets its revision, and waits for the group commit of the event loop's
 * turn; only then it is visible to readers and watchers, and only then its promise resolves. Everything before the commit is synchronous:
 * whoever reads `latest` and writes without awaiting in between has a transaction.
 */
export class Store {
  readonly #journal: Journal;
  readonly #history: History;
  readonly #collections = new Map<string, Collection>();
  readonly #rollbackListeners = new Set<() => void>();
  #revision = 0;
  #nextRevision = 1;
  #queue: Pending[] = [];
  #committing = false;

  constructor(journal: Journal, options: StoreOptions = {}) {
    this.#journal = journal;
    const { rows, compacted, revision } = journal.load();
    this.#history = new History(
      { events: options.window ?? 2048, characters: options.windowCharacters ?? 32e6 },
      compacted,
    );
    this.#revision = Math.max(compacted, revision);
    for (const row of rows) this.#replay(row);
    this.#nextRevision = this.#revision + 1;
  }

  /** The newest revision that readers may see. */
  get revision(): number {
    return this.#revision;
  }

  /** Watches and reads of the past are possible above this revision only. */
  get compacted(): number {
    return this.#history.compacted;
  }

  collection(name: string): Collection {
    let collection = this.#collections.get(name);
    if (collection === undefined) {
      collection = new Collection(name, this.#history, (event) => this.#append(event));
      this.#collections.set(name, collection);
    }
    return collection;
  }

  /** Resolves when everything that was written until now is durable and published, also if it failed. */
  settled(): Promise<void> {
    const last = this.#queue.at(-1);
    if (last === undefined) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const { resolve: done, reject: failed } = last;
    last.resolve = (entry) => {
      done(entry);
      resolve();
    };
    last.reject = (error) => {
      failed(error);
      resolve();
    };
    return promise;
  }

  /** Called after writes were taken back because the journal failed: whatever was derived from `latest` must be derived again. */
  onRollback(listener: () => void): void {
    this.#rollbackListeners.add(listener);
  }

  /** Call only after `settled`, when nothing writes any more. */
  close(): void {
    this.#journal.close();
  }

  #replay(row: JournalRow): void {
    const collection = this.collection(row.collection);
    const previous = collection.get(row.key);
    this.#revision = Math.max(this.#revision, row.revision);
    if (row.value === undefined) {
      // A tombstone whose object was compacted away tells nothing any more.
      if (previous !== undefined) this.#publish(collection.tombstone(previous, row.revision));
      return;
    }
    const entry: Entry = {
      key: row.key,
      revision: row.revision,
      object: JSON.parse(row.value) as Stored,
      json: row.value,
    };
    const type = previous === undefined ? "ADDED" : "MODIFIED";
    this.#publish({ type, revision: row.revision, collection: row.collection, entry, previous });
  }

  #append(make: (revision: number) => StoreEvent): Promise<Entry> {
    const event = make(this.#nextRevision);
    this.#nextRevision += 1;
    const { promise, resolve, reject } = Promise.withResolvers<Entry>();
    this.#queue.push({ event, resolve, reject });
    if (!this.#committing) {
      this.#committing = true;
      setImmediate(() => void this.#commit());
    }
    return promise;
  }

  /** Never rejects: a failure goes to the writers. */
  async #commit(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#queue.slice();
      const rows = group.map(({ event }) => toRow(event));
      const { obsolete, compacted } = this.#history.overflow(group.map(({ event }) => event));
      try {
        await this.#journal.commit({ rows, obsolete, compacted });
      } catch (error) {
        this.#rollback(error as Error);
        break;
      }
      this.#queue.splice(0, group.length);
      for (const { event, resolve } of group) {
        this.#revision = event.revision;
        this.#publish(event);
        resolve(event.entry);
      }
    }
    this.#committing = false;
  }

  #publish(event: StoreEvent): void {
    this.#history.push(event);
    this.collection(event.collection).publish(event);
  }

  /** What waits behind a failed group was checked against that group, so it fails with it. Revisions are not used again. */
  #rollback(error: Error): void {
    const failed = this.#queue;
    this.#queue = [];
    for (const collection of this.#collections.values()) collection.rollback();
    for (const listener of this.#rollbackListeners) listener();
    for (const { reject } of failed) reject(error);
  }
}

function toRow({ type, revision, collection, entry }: StoreEvent): JournalRow {
  return { revision, collection, key: entry.key, value: type === "DELETED" ? undefined : entry.json };
}

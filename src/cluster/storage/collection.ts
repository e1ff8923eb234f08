import type { Entry, Stored, StoreEvent } from "./entry.ts";
import type { History } from "./history.ts";

type Append = (make: (revision: number) => StoreEvent) => Promise<Entry>;

/** The objects of one resource. Readers see what is published; writers check against `latest`. */
export class Collection {
  readonly name: string;
  readonly #history: History;
  readonly #append: Append;
  readonly #published = new Map<string, Entry>();
  /** Writes on their way to the journal, newest per key; `undefined` is a deletion. */
  readonly #pending = new Map<string, { revision: number; entry: Entry | undefined }>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  #sortedKeys: string[] | undefined;

  constructor(name: string, history: History, append: Append) {
    this.name = name;
    this.#history = history;
    this.#append = append;
  }

  get size(): number {
    return this.#published.size;
  }

  get(key: string): Entry | undefined {
    return this.#published.get(key);
  }

  /** The newest version, durable or on its way: the one that a write has to be checked against. */
  latest(key: string): Entry | undefined {
    const pending = this.#pending.get(key);
    return pending === undefined ? this.#published.get(key) : pending.entry;
  }

  /** Every newest version, in no order. */
  *latestEntries(): Iterable<Entry> {
    for (const [key, entry] of this.#published) if (!this.#pending.has(key)) yield entry;
    for (const { entry } of this.#pending.values()) if (entry !== undefined) yield entry;
  }

  /** Published entries in order of their keys; with a prefix ("default/") only those that start with it. */
  list(prefix = ""): Entry[] {
    const entries: Entry[] = [];
    for (const key of this.#keysFrom(prefix)) {
      if (!key.startsWith(prefix)) break;
      entries.push(this.#published.get(key)!);
    }
    return entries;
  }

  /**
   * What `list` was at a revision above the compaction mark: today's entries with every later change taken back.
   */
  listAt(revision: number, prefix = ""): Entry[] {
    const past = new Map<string, Entry | undefined>();
    for (const event of this.#history.since(revision)) {
      if (event.collection !== this.name || !event.entry.key.startsWith(prefix)) continue;
      if (!past.has(event.entry.key)) past.set(event.entry.key, event.previous);
    }
    if (past.size === 0) return this.list(prefix);
    const entries = this.list(prefix).filter((entry) => !past.has(entry.key));
    for (const entry of past.values()) if (entry !== undefined) entries.push(entry);
    return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Published changes after a revision, oldest first. */
  *changesSince(revision: number): Iterable<StoreEvent> {
    for (const event of this.#history.since(revision)) if (event.collection === this.name) yield event;
  }

  /** Calls the listener with each change as it is published, in order. Returns the unsubscriber. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Creates or replaces. Takes the object over and sets its resourceVersion; the caller must not touch it again. */
  put(key: string, object: Stored): Promise<Entry> {
    return this.#append((revision) => {
      const previous = this.latest(key);
      object.metadata.resourceVersion = String(revision);
      const entry: Entry = { key, revision, object, json: JSON.stringify(object) };
      this.#pending.set(key, { revision, entry });
      return { type: previous ? "MODIFIED" : "ADDED", revision, collection: this.name, entry, previous };
    });
  }

  /** Removes an object that `latest` has. Resolves to its last state. */
  remove(key: string): Promise<Entry> {
    const previous = this.latest(key);
    if (previous === undefined) throw new Error(`${this.name} ${key} is not there to remove`);
    return this.#append((revision) => {
      this.#pending.set(key, { revision, entry: undefined });
      return this.tombstone(previous, revision);
    });
  }

  tombstone(previous: Entry, revision: number): StoreEvent {
    const metadata = { ...previous.object.metadata, resourceVersion: String(revision) };
    const object = { ...previous.object, metadata };
    const entry: Entry = { key: previous.key, revision, object, json: JSON.stringify(object) };
    return { type: "DELETED", revision, collection: this.name, entry, previous };
  }

  /** For the store: makes a durable change visible. */
  publish(event: StoreEvent): void {
    const { key } = event.entry;
    if (this.#pending.get(key)?.revision === event.revision) this.#pending.delete(key);
    if (event.type === "DELETED") {
      this.#published.delete(key);
      this.#sortedKeys = undefined;
    } else {
      if (!this.#published.has(key)) this.#sortedKeys = undefined;
      this.#published.set(key, event.entry);
    }
    for (const listener of this.#listeners) listener(event);
  }

  /** For the store: forgets what never became durable. */
  rollback(): void {
    this.#pending.clear();
  }

  #keysFrom(prefix: string): Iterable<string> {
    this.#sortedKeys ??= [...this.#published.keys()].sort();
    const keys = this.#sortedKeys;
    if (prefix === "") return keys;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (keys[middle]! < prefix) low = middle + 1;
      else high = middle;
    }
    return keys.slice(low);
  }
}

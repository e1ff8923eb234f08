import type { StoreEvent } from "./entry.ts";

/** A revision that is compacted away: whoever asks has to list again. */
export class CompactedError extends Error {
  readonly requested: number;
  readonly compacted: number;
  constructor(requested: number, compacted: number) {
    super(`too old resource version: ${requested} (${compacted})`);
    this.name = "CompactedError";
    this.requested = requested;
    this.compacted = compacted;
  }
}

export interface HistoryLimits {
  /** Events that stay. */
  events: number;
  /** Characters of JSON that they may hold together: a few large objects must not fill the memory. */
  characters: number;
}

/**
 * The last changes of the whole store, so that watches can resume and paged lists can read the past. It grows to a quarter above its limits
 * before the oldest go together, which makes the cost of trimming independent of the size.
 */
export class History {
  readonly #limits: HistoryLimits;
  #events: StoreEvent[] = [];
  #characters = 0;
  #compacted: number;
  #trim = 0;

  constructor(limits: HistoryLimits, compacted: number) {
    this.#limits = limits;
    this.#compacted = compacted;
  }

  get compacted(): number {
    return this.#compacted;
  }

  /**
   * What the journal can forget when more events come. They are dropped from memory with the next `push`, that is after the journal has
   * taken the batch.
   */
  overflow(incoming: readonly StoreEvent[]): { obsolete: number[]; compacted?: number } {
    this.#trim = this.#excess(incoming);
    const obsolete: number[] = [];
    for (let index = 0; index < this.#trim; index++) {
      const { type, previous, revision } = this.#events[index]!;
      if (previous !== undefined) obsolete.push(previous.revision);
      if (type === "DELETED") obsolete.push(revision);
    }
    return { obsolete, compacted: this.#events[this.#trim - 1]?.revision };
  }

  push(event: StoreEvent): void {
    if (this.#trim > 0) {
      this.#compacted = this.#events[this.#trim - 1]!.revision;
      for (const { entry } of this.#events.splice(0, this.#trim)) this.#characters -= entry.json.length;
      this.#trim = 0;
    }
    // Rows at or below the mark are kept by the journal because they are the newest of their key; they are no history.
    if (event.revision <= this.#compacted) return;
    this.#events.push(event);
    this.#characters += event.entry.json.length;
  }

  /** Events after a revision, oldest first. Throws CompactedError when some of them are gone. */
  since(revision: number): StoreEvent[] {
    if (revision < this.#compacted) throw new CompactedError(revision, this.#compacted);
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low);
  }

  /** How many of the oldest have to go for the incoming ones. */
  #excess(incoming: readonly StoreEvent[]): number {
    const { events, characters } = this.#limits;
    const count = this.#events.length + incoming.length;
    const size = incoming.reduce((sum, { entry }) => sum + entry.json.length, this.#characters);
    if (count <= events * 1.25 && size <= characters * 1.25) return 0;
    let excess = Math.min(Math.max(count - events, 0), this.#events.length);
    let left = size;
    for (let index = 0; index < this.#events.length; index++) {
      if (index >= excess && left <= characters) break;
      left -= this.#events[index]!.entry.json.length;
      excess = Math.max(excess, index + 1);
    }
    return excess;
  }
}

import type { StoreEvent } from "./store.ts";

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

/**
 * The last changes of the whole store, so that watches can resume and paged lists can read the past. It grows to a quarter above its size
 * before the oldest go together, which makes the cost of trimming independent of the size.
 */
export class History {
  readonly #size: number;
  #events: StoreEvent[] = [];
  #compacted: number;
  #trim = 0;

  constructor(size: number, compacted: number) {
    this.#size = size;
    this.#compacted = compacted;
  }

  get compacted(): number {
    return this.#compacted;
  }

  /**
   * What the journal can forget when `incoming` more events come. They are dropped from memory with the next `push`, that is after the
   * journal has taken the batch.
   */
  overflow(incoming: number): { obsolete: number[]; compacted?: number } {
    this.#trim = 0;
    const excess = this.#events.length + incoming - this.#size;
    if (excess <= this.#size / 4) return { obsolete: [] };
    this.#trim = Math.min(excess, this.#events.length);
    const obsolete: number[] = [];
    for (let index = 0; index < this.#trim; index++) {
      const { type, previous, revision } = this.#events[index]!;
      if (previous !== undefined) obsolete.push(previous.revision);
      if (type === "DELETED") obsolete.push(revision);
    }
    const last = this.#events[this.#trim - 1];
    return { obsolete, compacted: last?.revision };
  }

  push(event: StoreEvent): void {
    if (this.#trim > 0) {
      this.#compacted = this.#events[this.#trim - 1]!.revision;
      this.#events.splice(0, this.#trim);
      this.#trim = 0;
    }
    // Rows at or below the mark are kept by the journal because they are the newest of their key; they are no history.
    if (event.revision > this.#compacted) this.#events.push(event);
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
}

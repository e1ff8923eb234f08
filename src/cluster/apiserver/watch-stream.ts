/** Bytes that may wait in all streams together. */
export class QueueBudget {
  #left: number;
  constructor(bytes: number) {
    this.#left = bytes;
  }
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}

export interface WatchStreamOptions {
  /** Lines that come before all changes, made only when the client has read what came before them. */
  first?: Iterable<string>;
  /** Bytes that may wait in this stream. */
  maxQueued: number;
  budget: QueueBudget;
  /** Absent: the client takes no bookmarks. */
  makeBookmark?: () => string;
}

/** A chunk is complete with the line that makes it this long. Each watch may have one at a client that reads nothing. */
const chunkLength = 32 << 10;

/**
 * The bytes of one watch on their way to one client, in chunks: the next one is made when the client has taken the last. Changes queue here while
 * the client is slower than they come; past `maxQueued` bytes, or when the budget of all streams is used up, the watch is cut (the client resumes
 * from its last resourceVersion): stuck clients cost bounded memory.
 */
export class WatchStream implements AsyncIterable<Uint8Array> {
  readonly #options: WatchStreamOptions;
  readonly #endListeners: (() => void)[] = [];
  #first: Iterator<string> | undefined;
  #lines: string[] = [];
  #queued = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(options: WatchStreamOptions) {
    this.#options = options;
    this.#first = options.first?.[Symbol.iterator]();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Appends one JSON line. */
  write(line: string): void {
    if (this.#ended) return;
    const { maxQueued, budget } = this.#options;
    const full = this.#queued + line.length > maxQueued && this.#lines.length > 0;
    if (full || !budget.take(line.length)) {
      this.cut();
      return;
    }
    this.#lines.push(line);
    this.#queued += line.length;
    this.#wake?.();
  }

  /** Nothing to do for a client that did not ask for bookmarks, or that has not read the last lines yet. */
  bookmark(): void {
    const { makeBookmark } = this.#options;
    if (makeBookmark !== undefined && this.#first === undefined && this.#lines.length === 0) this.write(makeBookmark());
  }

  /** Ends after what is queued, with a bookmark when the client takes them. */
  end(): void {
    if (this.#ended) return;
    this.bookmark();
    this.#finish();
  }

  /** Ends at once, without what is queued. */
  cut(): void {
    this.#first = undefined;
    this.#lines = [];
    this.#options.budget.giveBack(this.#queued);
    this.#queued = 0;
    this.#finish();
  }

  onEnd(listener: () => void): void {
    this.#endListeners.push(listener);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#firstChunk() ?? this.#queuedChunk();
        if (chunk !== undefined) {
          try {
            yield Buffer.from(chunk);
          } finally {
            this.#options.budget.giveBack(chunk.length);
          }
        } else if (this.#ended) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          this.#wake = undefined;
        }
      }
    } finally {
      this.cut();
    }
  }

  /** undefined when there is no more of it. What it returns is taken from the budget. */
  #firstChunk(): string | undefined {
    let chunk = "";
    while (this.#first !== undefined && chunk.length < chunkLength) {
      const { value, done } = this.#first.next();
      if (done) this.#first = undefined;
      else chunk += value;
    }
    if (chunk === "") return undefined;
    if (this.#options.budget.take(chunk.length)) return chunk;
    this.cut();
    return undefined;
  }

  /** What it returns is no longer queued, but still taken from the budget. */
  #queuedChunk(): string | undefined {
    let count = 0;
    let length = 0;
    while (count < this.#lines.length && length < chunkLength) {
      length += this.#lines[count]?.length ?? 0;
      count += 1;
    }
    if (count === 0) return undefined;
    this.#queued -= length;
    return this.#lines.splice(0, count).join("");
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const listener of this.#endListeners) listener();
    this.#wake?.();
  }
}

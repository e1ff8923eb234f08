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
  /** Bytes that may wait in this stream. */
  maxQueued: number;
  budget: QueueBudget;
  /** Absent: the client takes no bookmarks. */
  makeBookmark?: () => string;
}

/**
 * The bytes of one watch on their way to one client. Lines queue here while the client is slower than the changes; past `maxQueued` bytes, or
 * when the budget of all streams is used up, the watch is cut (the client resumes from its last resourceVersion): stuck clients cost bounded memory.
 */
export class WatchStream implements AsyncIterable<Uint8Array> {
  readonly #options: WatchStreamOptions;
  readonly #endListeners: (() => void)[] = [];
  #lines: string[] = [];
  #queued = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(options: WatchStreamOptions) {
    this.#options = options;
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
    if (makeBookmark !== undefined && this.#lines.length === 0) this.write(makeBookmark());
  }

  /** Ends after what is queued, with a bookmark when the client takes them. */
  end(): void {
    if (this.#ended) return;
    this.bookmark();
    this.#finish();
  }

  /** Ends at once, without what is queued. */
  cut(): void {
    this.#takeQueue();
    this.#finish();
  }

  onEnd(listener: () => void): void {
    this.#endListeners.push(listener);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        if (this.#lines.length > 0) {
          yield Buffer.from(this.#takeQueue());
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

  #takeQueue(): string {
    const text = this.#lines.join("");
    this.#lines = [];
    this.#options.budget.giveBack(this.#queued);
    this.#queued = 0;
    return text;
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const listener of this.#endListeners) listener();
    this.#wake?.();
  }
}

/**
 * The bytes of one watch on their way to one client. Lines queue here while the client is slower than the changes; past `maxQueued` bytes the
 * watch is cut (the client resumes from its last resourceVersion), so that a stuck client costs bounded memory.
 */
export class WatchStream implements AsyncIterable<Uint8Array> {
  readonly #maxQueued: number;
  readonly #makeBookmark: (() => string) | undefined;
  readonly #endListeners: (() => void)[] = [];
  #lines: string[] = [];
  #queued = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(maxQueued: number, makeBookmark?: () => string) {
    this.#maxQueued = maxQueued;
    this.#makeBookmark = makeBookmark;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Appends one JSON line. */
  write(line: string): void {
    if (this.#ended) return;
    if (this.#queued + line.length > this.#maxQueued && this.#lines.length > 0) {
      this.cut();
      return;
    }
    this.#lines.push(line);
    this.#queued += line.length;
    this.#wake?.();
  }

  /** Nothing to do for a client that did not ask for bookmarks, or that has not read the last lines yet. */
  bookmark(): void {
    if (this.#makeBookmark !== undefined && this.#lines.length === 0) this.write(this.#makeBookmark());
  }

  /** Ends after what is queued, with a bookmark when the client takes them. */
  end(): void {
    if (this.#ended) return;
    this.bookmark();
    this.#finish();
  }

  /** Ends at once, without what is queued. */
  cut(): void {
    this.#lines = [];
    this.#finish();
  }

  onEnd(listener: () => void): void {
    this.#endListeners.push(listener);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        if (this.#lines.length > 0) {
          const chunk = Buffer.from(this.#lines.join(""));
          this.#lines = [];
          this.#queued = 0;
          yield chunk;
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
      this.#finish();
    }
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const listener of this.#endListeners) listener();
    this.#wake?.();
  }
}

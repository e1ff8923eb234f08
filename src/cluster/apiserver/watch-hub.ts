import { tooManyRequests } from "./status.ts";
import { QueueBudget, type WatchStream } from "./watch-stream.ts";

export interface WatchHubOptions {
  /** Open watches at a time. */
  maxWatches: number;
  /** Bytes that may wait for slow clients, in all watches together. */
  maxQueued: number;
  /** Milliseconds between bookmarks. */
  bookmarkInterval: number;
}

/** The open watches: bounds their number, ticks their bookmarks with one timer, ends them when the server stops. */
export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #streams = new Set<WatchStream>();
  readonly #timer: NodeJS.Timeout;
  #lastEntry: object | undefined;
  #lastLines = new Map<string, string>();

  /** Shared by all watches. */
  readonly budget: QueueBudget;

  constructor(options: WatchHubOptions) {
    this.#options = options;
    this.budget = new QueueBudget(options.maxQueued);
    this.#timer = setInterval(() => this.#bookmark(), options.bookmarkInterval);
    this.#timer.unref();
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Throws 429 when there are too many watches; ask before the work of starting one. */
  checkRoom(): void {
    if (this.#streams.size >= this.#options.maxWatches) {
      throw tooManyRequests(
        `${this.#streams.size} watches are open, which is the most this server serves: try again later`,
      );
    }
  }

  add(stream: WatchStream): void {
    this.#streams.add(stream);
    stream.onEnd(() => this.#streams.delete(stream));
  }

  /**
   * The line of an entry in one form, made by the first who asks. Only the last entry's lines are kept: a change goes to all its watchers in
   * one turn.
   */
  encodeOnce(entry: object, form: string, encode: () => string): string {
    if (this.#lastEntry !== entry) {
      this.#lastEntry = entry;
      this.#lastLines = new Map();
    }
    let line = this.#lastLines.get(form);
    if (line === undefined) {
      line = encode();
      this.#lastLines.set(form, line);
    }
    return line;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const stream of [...this.#streams]) stream.end();
  }

  #bookmark(): void {
    for (const stream of [...this.#streams]) stream.bookmark();
  }
}

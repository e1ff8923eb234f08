/** Whatever is awaited, a look now and then costs nothing: it also bounds what a missed change can do. Milliseconds. */
const longestSleep = 60_000;

/** Calls once at the earliest of the times asked for. Times are milliseconds since the epoch. */
export class WakeTimer {
  readonly #wake: () => void;
  #next?: { at: number; timer: NodeJS.Timeout };

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** No later than `at`. */
  at(at: number): void {
    const soon = Math.min(at, Date.now() + longestSleep);
    if (this.#next !== undefined && this.#next.at <= soon) return;
    this.clear();
    // A little late is right, a little early would look in vain.
    const timer = setTimeout(this.#wake, Math.max(soon - Date.now(), 0) + 5);
    this.#next = { at: soon, timer };
  }

  clear(): void {
    clearTimeout(this.#next?.timer);
    this.#next = undefined;
  }
}

/** Damages in a row that are repaired at once: whoever flushes rules by hand, or restarts a firewall, does it a few times. */
const atOnce = 5;
/** Milliseconds that the next one waits; each after it twice as long. */
const firstDelay = 1000;

/**
 * When damage to the rules is repaired: at once, but ever later when it comes again after each repair. Somebody who writes the same rules, such
 * as another proxy on this node, takes each repair for damage, and the two would go on with full syncs for ever.
 */
export class RepairBackoff {
  readonly #maximum: number;
  readonly #onRepeated: () => void;
  #damages = 0;
  #inARow = 0;
  #seenAt = Number.NEGATIVE_INFINITY;
  #dueAt = Number.NEGATIVE_INFINITY;

  /** `maximum`: milliseconds that damage waits at most. `onRepeated` is called once when the repairs begin to wait. */
  constructor(maximum: number, onRepeated: () => void) {
    this.#maximum = maximum;
    this.#onRepeated = onRepeated;
  }

  /**
   * The rules are damaged at `now` (milliseconds), for the `damages`th time: whether to repair them. The other one may wait as long as we do,
   * so that quiet is only what is longer than both.
   */
  isDue(damages: number, now: number): boolean {
    if (damages !== this.#damages) {
      if (now - this.#seenAt > 3 * this.#maximum) this.#inARow = 0;
      this.#damages = damages;
      this.#inARow += 1;
      const waited = this.#inARow - atOnce;
      // One that waits already is not put off.
      if (waited > 0 && now >= this.#dueAt) this.#dueAt = now + Math.min(this.#maximum, firstDelay * 2 ** (waited - 1));
      if (waited === 1) this.#onRepeated();
    }
    this.#seenAt = now;
    return now >= this.#dueAt;
  }
}

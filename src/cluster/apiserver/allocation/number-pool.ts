export interface NumberPoolOptions {
  /** First and last number that may be handed out. */
  first: number;
  last: number;
  /** Numbers below are handed out by chance only when all others are taken: people choose from them by hand. */
  dynamicFrom: number;
  /** A whole number from 0 to `below` - 1. */
  random?: (below: number) => number;
}

/** A range of numbers, each held by at most one. It knows no owners: who takes a number gives it back. */
export class NumberPool {
  readonly first: number;
  readonly last: number;
  readonly #dynamicFrom: number;
  readonly #random: (below: number) => number;
  readonly #taken = new Set<number>();

  constructor({ first, last, dynamicFrom, random }: NumberPoolOptions) {
    this.first = first;
    this.last = last;
    this.#dynamicFrom = Math.min(Math.max(dynamicFrom, first), last + 1);
    this.#random = random ?? ((below) => Math.floor(Math.random() * below));
  }

  get size(): number {
    return this.#taken.size;
  }

  contains(number: number): boolean {
    return Number.isInteger(number) && number >= this.first && number <= this.last;
  }

  /** false when somebody holds it already, or when it is outside. */
  take(number: number): boolean {
    if (!this.contains(number) || this.#taken.has(number)) return false;
    this.#taken.add(number);
    return true;
  }

  /** Any free number; undefined when there is none. */
  takeAny(): number | undefined {
    const number = this.#freeIn(this.#dynamicFrom, this.last) ?? this.#freeIn(this.first, this.#dynamicFrom - 1);
    if (number !== undefined) this.#taken.add(number);
    return number;
  }

  release(number: number): void {
    this.#taken.delete(number);
  }

  clear(): void {
    this.#taken.clear();
  }

  /** Begins anywhere, so that a number that was just given back is not the next to be handed out. */
  #freeIn(first: number, last: number): number | undefined {
    const count = last - first + 1;
    if (count <= 0) return undefined;
    const start = this.#random(count);
    // One more step than there are taken numbers is sure to meet a free one, if the range has one.
    const steps = Math.min(count, this.#taken.size + 1);
    for (let step = 0; step < steps; step++) {
      const number = first + ((start + step) % count);
      if (!this.#taken.has(number)) return number;
    }
    return undefined;
  }
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

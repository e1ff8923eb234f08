/** What the kernel answers about an address that cannot be a device's or a real server's: multicast, broadcast, of no use. */
const senseless: readonly unknown[] = ["EINVAL", "EADDRNOTAVAIL"];
/** Whoever wrote thousands of wrong addresses need not read of each. */
const mostTold = 1000;

/** Told once of what is left out, with the kernel's reason. */
export type OnRefused = (what: string, error: Error) => void;

/** Lets the kernel refuse one address, which an API may have let in, without harm to everything else. */
export class Refusals {
  readonly #onRefused: OnRefused;
  readonly #told = new Set<string>();

  constructor(onRefused: OnRefused) {
    this.#onRefused = onRefused;
  }

  /** Whether the kernel did it; throws whatever is not about the address. `what` names it to people. */
  accepts(what: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!senseless.includes((error as NodeJS.ErrnoException).code)) throw error;
      if (!this.#told.has(what) && this.#told.size < mostTold) {
        this.#told.add(what);
        this.#onRefused(what, error as Error);
      }
      return false;
    }
  }
}

/** Which ports the proxy may listen on, the first and the last; undefined: whichever the kernel gives. */
export type PortBounds = readonly [first: number, last: number];

/** Opens sockets at free ports of a range, beginning at a random one, so that a port is seldom used again soon. */
export class PortRange {
  readonly #bounds: PortBounds | undefined;
  #next: number;

  constructor(bounds?: PortBounds, random: () => number = Math.random) {
    this.#bounds = bounds;
    this.#next = bounds === undefined ? 0 : Math.floor(random() * (bounds[1] - bounds[0] + 1));
  }

  /** `open` is given ports (0: the kernel's choice) until it does not fail with EADDRINUSE; each is offered once. */
  async open<T>(open: (port: number) => Promise<T>): Promise<T> {
    if (this.#bounds === undefined) return open(0);
    const [first, last] = this.#bounds;
    const count = last - first + 1;
    for (let step = 0; step < count; step += 1) {
      const port = first + (this.#next % count);
      this.#next += 1;
      try {
        return await open(port);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      }
    }
    throw new Error(`all ports from ${first} to ${last} are in use`);
  }
}

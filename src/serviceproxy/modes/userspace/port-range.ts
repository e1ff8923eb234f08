/** Which ports the proxy may listen on, kube-proxy's --proxy-port-range; undefined: whichever the kernel gives. */
export interface PortBounds {
  first: number;
  last: number;
}

/**
 * Reads "30000-31000", "30000+1000" (as many after the first) or "30000"; "" and "0-0" leave the choice to the kernel. Throws an Error
 * that says what is wrong.
 */
export function parsePortRange(text: string): PortBounds | undefined {
  const [, begin, sign, end] = /^(\d{1,5})(?:([-+])(\d{1,5}))?$/.exec(text.trim()) ?? [];
  if (text.trim() === "") return undefined;
  if (begin === undefined) throw new Error(`"${text}" is not a range of ports such as 30000-31000`);
  const first = Number(begin);
  const last = sign === "+" ? first + Number(end) : Number(end ?? begin);
  if (first === 0 && last === 0) return undefined;
  if (first < 1 || last > 65_535 || last < first) throw new Error(`"${text}" is not a range between 1 and 65535`);
  return { first, last };
}

/** Opens sockets at free ports of a range, beginning at a random one, so that a port is seldom used again soon. */
export class PortRange {
  readonly #bounds: PortBounds | undefined;
  #next: number;

  constructor(bounds?: PortBounds, random: () => number = Math.random) {
    this.#bounds = bounds;
    this.#next = bounds === undefined ? 0 : Math.floor(random() * (bounds.last - bounds.first + 1));
  }

  /** `open` is given ports (0: the kernel's choice) until it does not fail with EADDRINUSE; each is offered once. */
  async open<T>(open: (port: number) => Promise<T>): Promise<T> {
    if (this.#bounds === undefined) return open(0);
    const { first, last } = this.#bounds;
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

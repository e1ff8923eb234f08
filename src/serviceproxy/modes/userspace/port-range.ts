import { readSysctl } from "../../../linux/sysctl.ts";

/** Which ports the proxy may listen on, the first and the last. */
export type PortBounds = readonly [first: number, last: number];

/**
 * Those that the kernel itself would give. It looks for a free one among a quarter of them first, from one to the next: with 10,000 in use
 * that takes it milliseconds for each socket.
 */
export async function kernelPorts(): Promise<PortBounds> {
  const [, first, last] = /^(\d+)\s+(\d+)$/.exec((await readSysctl("net/ipv4/ip_local_port_range")) ?? "") ?? [];
  return first === undefined ? [32_768, 60_999] : [Number(first), Number(last)];
}

/** Opens sockets at free ports of a range, beginning at a random one, so that a port is seldom used again soon. */
export class PortRange {
  readonly #bounds: PortBounds;
  #next: number;

  constructor(bounds: PortBounds, random: () => number = Math.random) {
    this.#bounds = bounds;
    this.#next = Math.floor(random() * (bounds[1] - bounds[0] + 1));
  }

  /** `open` is given ports until it does not fail with EADDRINUSE; each is offered once. */
  async open<T>(open: (port: number) => Promise<T>): Promise<T> {
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

import type { Sockets } from "./demo/protocol.ts";

/** Lazily: koffi costs memory that an agent without demo Pods does not need. */
const system = () => import("../../linux/descriptors.ts");

/** How long after a start its sockets are copied: the start itself has better to do. Milliseconds. */
const holdDelay = 300;

/**
 * Copies of the demo server's sockets, by container. While the server is dead the kernel goes on accepting for them, and a new server takes them
 * from here: connections wait instead of being refused.
 */
export class HeldSockets {
  readonly #held = new Map<string, number[]>();
  /** Asked for, not copied yet. */
  readonly #wanted = new Map<string, Sockets>();
  readonly #onError: (error: Error) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onError: (error: Error) => void) {
    this.#onError = onError;
  }

  /** Copies a container's sockets soon. */
  hold(container: string, sockets: Sockets): void {
    if (sockets.descriptors.length === 0 || this.#held.has(container)) return;
    this.#wanted.set(container, sockets);
    this.#timer ??= setTimeout(() => void this.#copy(), holdDelay);
  }

  /** What this process has of a container. */
  of(container: string): Sockets | undefined {
    const descriptors = this.#held.get(container);
    return descriptors && { pid: process.pid, descriptors };
  }

  /** To be called before a container ends: as long as it is held, its ports accept. */
  release(container: string): void {
    this.#wanted.delete(container);
    const descriptors = this.#held.get(container);
    this.#held.delete(container);
    if (descriptors !== undefined) void system().then(({ closeDescriptors }) => closeDescriptors(descriptors));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#wanted.clear();
    for (const container of [...this.#held.keys()]) this.release(container);
  }

  async #copy(): Promise<void> {
    this.#timer = undefined;
    const { copyDescriptors } = await system();
    for (const [container, { pid, descriptors }] of this.#wanted) {
      try {
        this.#held.set(container, copyDescriptors(pid, descriptors));
      } catch (error) {
        this.#onError(error as Error);
      }
    }
    this.#wanted.clear();
  }
}

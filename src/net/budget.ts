import { readFile } from "node:fs/promises";

/** Descriptors that are never given to connections: files, pipes of child processes, the API's connections, Node's own. */
const reserve = 256;

/**
 * How many descriptors all listeners, connections and sessions of a process may hold together. Everything that opens a socket asks here
 * first, so that open(2) never fails for want of descriptors where nobody can handle it, and memory is bounded too.
 */
export class DescriptorBudget {
  readonly capacity: number;
  #used = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }
  /** The process's own limit, at most `most`. */
  static async ofProcess(most: number): Promise<DescriptorBudget> {
    const limit = parseOpenFilesLimit(await readFile("/proc/self/limits", "utf8"));
    return new DescriptorBudget(Math.max(0, Math.min(most, limit - reserve)));
  }

  get used(): number {
    return this.#used;
  }
  /** Whether there were as many left; they are taken then. */
  take(count: number): boolean {
    if (this.#used + count > this.capacity) return false;
    this.#used += count;
    return true;
  }
  give(count: number): void {
    this.#used -= count;
  }
}

/** The soft limit out of /proc/PID/limits (proc(5)). */
export function parseOpenFilesLimit(text: string): number {
  const value = /^Max open files\s+(\S+)/m.exec(text)?.[1];
  if (value === "unlimited") return Number.POSITIVE_INFINITY;
  const limit = Number(value);
  if (!Number.isInteger(limit)) throw new Error(`/proc/self/limits has no number of open files: ${value}`);
  return limit;
}

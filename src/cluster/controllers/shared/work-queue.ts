import { isConflict } from "../../../kubernetes/errors.ts";
import type { Logger } from "../../../role/log.ts";

/** What one pass over a key may ask for: to be run again after this many milliseconds although nothing changed. */
export type SyncResult = { requeueAfter?: number } | undefined;

export interface WorkQueueOptions {
  log: Logger;
  /** Makes the world of one key as it should be. A rejection is retried with backoff; a conflict is no more than a stale cache. */
  sync(key: string): Promise<SyncResult>;
  /** Keys in work at the same time; one key never is in work twice. Default 4. */
  concurrency?: number;
  /** Milliseconds from the end of a key's pass to its next one: bursts of changes become one pass. Default 0. */
  minInterval?: number | ((key: string) => number);
  /** Backoff in milliseconds: first, doubling, up to longest; each between half and full length so that retries spread. */
  firstBackoff?: number;
  longestBackoff?: number;
  random?: () => number;
}

/**
 * Keys to be worked on: each at most once in the queue, whatever happened to it how often. A key added while it is in work runs again
 * afterwards, so that the last pass always began after the last change.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #ready = new Set<string>();
  readonly #running = new Set<string>();
  /** Added again while running. */
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, { at: number; timer: NodeJS.Timeout }>();
  readonly #failures = new Map<string, number>();
  readonly #restUntil = new Map<string, number>();
  #stopped = false;
  #idle: (() => void) | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait, rest or run: a measure of how far the controller is behind. */
  get size(): number {
    return this.#ready.size + this.#running.size + this.#timers.size;
  }

  add(key: string): void {
    if (this.#stopped) return;
    if (this.#running.has(key)) {
      this.#again.add(key);
      return;
    }
    const rest = (this.#restUntil.get(key) ?? 0) - performance.now();
    if (rest > 0) {
      this.addAfter(key, rest);
      return;
    }
    this.#restUntil.delete(key);
    this.#cancelTimer(key);
    this.#ready.add(key);
    // Not at once: changes reported in the same turn of the event loop belong together.
    queueMicrotask(() => this.#pump());
  }

  /** The earliest of several deadlines of one key counts. */
  addAfter(key: string, milliseconds: number): void {
    if (this.#stopped) return;
    const at = performance.now() + milliseconds;
    const planned = this.#timers.get(key);
    if (planned !== undefined && planned.at <= at) return;
    this.#cancelTimer(key);
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.#restUntil.delete(key);
      this.add(key);
    }, milliseconds);
    this.#timers.set(key, { at, timer });
  }

  /** Resolves when the passes in work have ended; nothing new begins. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#ready.clear();
    this.#again.clear();
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  #cancelTimer(key: string): void {
    clearTimeout(this.#timers.get(key)?.timer);
    this.#timers.delete(key);
  }

  #pump(): void {
    const { concurrency = 4 } = this.#options;
    for (const key of this.#ready) {
      if (this.#running.size >= concurrency) return;
      this.#ready.delete(key);
      this.#running.add(key);
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    let result: SyncResult;
    let failed = false;
    try {
      result = await this.#options.sync(key);
      this.#failures.delete(key);
    } catch (error) {
      failed = true;
      result = { requeueAfter: this.#backoff(key, error) };
    }
    this.#running.delete(key);
    if (this.#stopped) {
      if (this.#running.size === 0) this.#idle?.();
      return;
    }
    const { minInterval = 0 } = this.#options;
    const rest = typeof minInterval === "number" ? minInterval : minInterval(key);
    if (rest > 0 && !failed) this.#restUntil.set(key, performance.now() + rest);
    if (result?.requeueAfter !== undefined) this.addAfter(key, Math.max(result.requeueAfter, rest));
    if (this.#again.delete(key)) this.add(key);
    else if (rest > 0 && result?.requeueAfter === undefined) this.#forgetRest(key, rest);
    this.#pump();
  }

  /** The mark of a rest is not kept for keys that never come back. */
  #forgetRest(key: string, rest: number): void {
    setTimeout(() => {
      if ((this.#restUntil.get(key) ?? Number.POSITIVE_INFINITY) <= performance.now()) this.#restUntil.delete(key);
    }, rest + 1).unref();
  }

  #backoff(key: string, error: unknown): number {
    const { firstBackoff = 5, longestBackoff = 30_000, random = Math.random, log } = this.#options;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const message = error instanceof Error ? error.message : String(error);
    if (isConflict(error)) log.debug({ key, failures }, `conflict, will read again: ${message}`);
    else log.warn({ key, failures }, message);
    const full = Math.min(firstBackoff * 2 ** (failures - 1), longestBackoff);
    return full * (0.5 + random() / 2);
  }
}

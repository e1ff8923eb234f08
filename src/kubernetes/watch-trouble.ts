import type { Logger } from "../role/log.ts";
import { ListenerError } from "./errors.ts";

/** An API server that goes away ends every watch of a role within a moment: they are told together. Milliseconds. */
const gathering = 250;
/** What does not change is told again this much later. Milliseconds. */
const repeatAfter = 60_000;

/**
 * Tells the log that watches are broken: one line for all watches of a role and without stacks, for the trouble is the network's or the
 * server's. A listener's own fault is another matter, and is told at once with where it happened.
 */
export class WatchTrouble {
  readonly #log: Logger;
  readonly #consequence: string;
  readonly #toldAt = new Map<string, number>();
  readonly #pending = new Map<string, Set<string>>();

  /** `consequence`: what the trouble means for this role, the line's text. */
  constructor(log: Logger, consequence: string) {
    this.#log = log;
    this.#consequence = consequence;
  }

  /** Takes the errors of the watch of one resource, named as in its URL. */
  of(resource: string): (error: Error) => void {
    return (error) => {
      if (error instanceof ListenerError)
        this.#log.error({ err: error.cause, resource }, "a change could not be taken in");
      else this.#note(resource, error.message);
    };
  }

  #note(resource: string, message: string): void {
    const now = performance.now();
    if (now - (this.#toldAt.get(resource) ?? Number.NEGATIVE_INFINITY) < repeatAfter) return;
    if (this.#pending.size === 0) setTimeout(() => this.#tell(), gathering).unref();
    const messages = this.#pending.get(resource) ?? new Set();
    this.#pending.set(resource, messages.add(message));
  }

  #tell(): void {
    const now = performance.now();
    const resources = [...this.#pending.keys()];
    const errors = new Set([...this.#pending.values()].flatMap((messages) => [...messages]));
    this.#pending.clear();
    for (const resource of resources) this.#toldAt.set(resource, now);
    this.#log.warn({ resources, error: [...errors].join("; ") }, this.#consequence);
  }
}

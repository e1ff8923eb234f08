import type { Writable } from "node:stream";

/** What a person sees while the cluster comes up: one line a step, with the seconds since the start. */
export class Progress {
  readonly #output: Writable;
  readonly #started: number;

  /** `started`: milliseconds since the epoch. */
  constructor(output: Writable, started = Date.now()) {
    this.#output = output;
    this.#started = started;
    // The reader may go away (a launcher that detached); the cluster goes on.
    output.on("error", () => {});
  }

  step(text: string): void {
    const seconds = ((Date.now() - this.#started) / 1000).toFixed(2);
    this.say(`${seconds.padStart(6)} s  ${text}`);
  }

  say(text: string): void {
    this.#output.write(`${text}\n`);
  }
}

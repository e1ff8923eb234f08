export interface RunnerOptions {
  /** One run; a rejection is retried. */
  run: () => Promise<void>;
  /** Milliseconds from the end of a run to the start of the next one at the earliest: what changes meanwhile is done together. */
  minInterval: number;
  /** Milliseconds after a failed run. */
  retryInterval: number;
  /** There is a run at least this often. */
  maxInterval: number;
  onError: (error: Error) => void;
}

/**
 * Runs something when it is asked to, but not too often, never twice at a time, again after a failure, and now and then anyway. The first
 * request is served at once; the rules are kube-proxy's (pkg/proxy/runner).
 */
export class Runner {
  readonly #options: RunnerOptions;
  #running: Promise<void> | undefined;
  #wanted = false;
  #stopped = false;
  /** Set while it is too early for another run. */
  #cooling: NodeJS.Timeout | undefined;
  /** Wants a run when it fires: the retry, or the run that is due anyway. */
  #due: NodeJS.Timeout | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  trigger(): void {
    this.#wanted = true;
    this.#start();
  }

  /** Resolves when a run that is on its way has ended; no other follows. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#cooling);
    clearTimeout(this.#due);
    await this.#running;
  }

  #start(): void {
    if (!this.#wanted || this.#stopped || this.#running !== undefined || this.#cooling !== undefined) return;
    this.#wanted = false;
    clearTimeout(this.#due);
    this.#running = this.#options.run().then(
      () => this.#ended(this.#options.maxInterval),
      (error: Error) => {
        this.#options.onError(error);
        this.#ended(this.#options.retryInterval);
      },
    );
  }

  #ended(next: number): void {
    this.#running = undefined;
    if (this.#stopped) return;
    this.#due = setTimeout(() => this.trigger(), next);
    if (this.#options.minInterval <= 0) {
      this.#start();
      return;
    }
    this.#cooling = setTimeout(() => {
      this.#cooling = undefined;
      this.#start();
    }, this.#options.minInterval);
  }
}

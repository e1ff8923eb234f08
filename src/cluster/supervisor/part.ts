import { deathsInARow, restartDelay } from "./restart-policy.ts";

/** A started process. */
export interface RunningProcess {
  pid: number;
  /** Resolves to how it ended ("exit status 1: why", "SIGKILL") when nothing of it is left. */
  ended: Promise<string>;
  /** Resolves when a successor waits to take over; never for others. */
  prepared: Promise<void>;
  /** Resolves when it says that it does its work; never when it does not tell. */
  serving: Promise<void>;
  /** Tells a successor that its predecessor is gone. */
  takeOver(): void;
  /** Asks it to stop. */
  terminate(): Promise<void>;
  /** Ends it and whatever it started in its process group. */
  kill(): void;
}

/** A successor waits, when it has prepared itself, until it may take over. */
export type Launch = (isSuccessor?: boolean) => RunningProcess;

export interface PartStatus {
  name: string;
  state: "running" | "restarting" | "stopped";
  pid?: number;
  restarts: number;
  /** How it ended last. */
  lastEnd?: string;
  /** It, or one that ran before, has said that it does its work; not every part tells. */
  served?: true;
}

export interface PartEvents {
  /** It ended without being asked to; it is started again in `delay` milliseconds. */
  onEnd?: (part: string, how: string, delay: number) => void;
}

/** How long is waited for a process, in milliseconds. */
export interface Patience {
  /** For a successor to prepare itself. */
  prepare: number;
  /** For its predecessor to stop in order. */
  stop: number;
}

/** One process of the cluster that is to run until it is stopped: when it ends by itself it is started again. */
export class Part {
  readonly name: string;
  #launch: Launch;
  readonly #onEnd: PartEvents["onEnd"];
  #process: RunningProcess | undefined;
  #wanted = false;
  #deaths = 0;
  #restarts = 0;
  #lastEnd: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Of those who wait until it does its work. */
  #serving = Promise.withResolvers<void>();
  #served: true | undefined;

  constructor(name: string, launch: Launch, events: PartEvents = {}) {
    this.name = name;
    this.#launch = launch;
    this.#onEnd = events.onEnd;
  }

  /** With `turn` it is started as a successor is: it loads what it needs, and does nothing else before that has resolved. */
  start(turn?: Promise<unknown>): void {
    if (this.#wanted) return;
    this.#wanted = true;
    const started = this.#launch(turn !== undefined);
    this.#adopt(started);
    void turn?.then(
      () => started.takeOver(),
      // Told by whoever waits for it; the process has nothing to do then.
      () => {},
    );
  }

  get status(): PartStatus {
    const state = this.#process ? "running" : this.#wanted ? "restarting" : "stopped";
    return {
      name: this.name,
      state,
      pid: this.#process?.pid,
      restarts: this.#restarts,
      lastEnd: this.#lastEnd,
      served: this.#served,
    };
  }

  /** Asks it to stop, and ends it when it has not done so after `grace` milliseconds. Resolves when it is gone. */
  async stop(grace: number): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#timer);
    if (this.#process !== undefined) await end(this.#process, grace);
  }

  /**
   * Runs something else from now on. A successor prepares itself while the old process goes on; only then that one is stopped, and the
   * successor takes over. Rejects, and everything is as before, when it cannot prepare itself; after that there is no way back: a successor
   * that ends is started again as any part is.
   */
  async replace(launch: Launch, patience: Patience): Promise<void> {
    const successor = launch(true);
    const failed = successor.ended.then((how) => Promise.reject(new Error(how)));
    try {
      const late = () => `it had not read the API within ${patience.prepare} ms`;
      await within(patience.prepare, late, Promise.race([successor.prepared, failed]));
    } catch (error) {
      successor.kill();
      throw error;
    }
    clearTimeout(this.#timer);
    const old = this.#process;
    // Its end is wanted: nothing is started again for it.
    this.#process = undefined;
    if (old !== undefined) await end(old, patience.stop);
    if (!this.#wanted) {
      successor.kill();
      throw new Error("it was stopped meanwhile");
    }
    this.#launch = launch;
    this.#serving = Promise.withResolvers();
    this.#adopt(successor);
    successor.takeOver();
  }

  /** Resolves when the process, or one that was started in its place, says that it does its work. */
  get serving(): Promise<void> {
    return this.#serving.promise;
  }

  /** The same; rejects when it did not within `patience`. */
  whenServing(patience: number): Promise<void> {
    const late = () => `it does not serve after ${patience} ms${this.#process ? "" : ` (${this.#lastEnd})`}`;
    return within(patience, late, this.serving);
  }

  /** Its machine is gone and took the process along: nothing is to be started again. */
  abandon(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
  }

  #run(): void {
    this.#adopt(this.#launch());
  }

  #adopt(running: RunningProcess): void {
    const started = Date.now();
    this.#process = running;
    void running.serving.then(() => {
      this.#served = true;
      this.#serving.resolve();
    });
    void running.ended.then((how) => {
      // A part that was stopped and started meanwhile, or was replaced, has another process by now.
      if (this.#process !== running) return;
      this.#process = undefined;
      this.#lastEnd = how;
      if (this.#wanted) this.#restart(how, Date.now() - started);
    });
  }

  #restart(how: string, uptime: number): void {
    this.#deaths = deathsInARow(this.#deaths, uptime);
    this.#restarts += 1;
    const delay = restartDelay(this.#deaths);
    this.#onEnd?.(this.name, how, delay);
    this.#timer = setTimeout(() => this.#run(), delay);
  }
}

/** Asks a process to stop, and kills it when it has not done so after `grace` milliseconds. Resolves when it is gone. */
async function end(running: RunningProcess, grace: number): Promise<void> {
  const timer = setTimeout(() => running.kill(), grace);
  await running.terminate();
  await running.ended;
  clearTimeout(timer);
}

/** Rejects with what `late` says when `work` takes longer than `patience` milliseconds. */
async function within<T>(patience: number, late: () => string, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(late())), patience);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

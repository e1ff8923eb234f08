import { deathsInARow, restartDelay } from "./restart-policy.ts";

/** A started process. */
export interface RunningProcess {
  pid: number;
  /** Resolves to how it ended ("exit status 1", "SIGKILL") when nothing of it is left. */
  ended: Promise<string>;
  /** Asks it to stop. */
  terminate(): Promise<void>;
  /** Ends it and whatever it started in its process group. */
  kill(): void;
}

export interface PartStatus {
  name: string;
  state: "running" | "restarting" | "stopped";
  pid?: number;
  restarts: number;
  /** How it ended last. */
  lastEnd?: string;
}

export interface PartEvents {
  /** It ended without being asked to; it is started again in `delay` milliseconds. */
  onEnd?: (part: string, how: string, delay: number) => void;
}

/** One process of the cluster that is to run until it is stopped: when it ends by itself it is started again. */
export class Part {
  readonly name: string;
  readonly #launch: () => RunningProcess;
  readonly #onEnd: PartEvents["onEnd"];
  #process: RunningProcess | undefined;
  #wanted = false;
  #deaths = 0;
  #restarts = 0;
  #lastEnd: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, launch: () => RunningProcess, events: PartEvents = {}) {
    this.name = name;
    this.#launch = launch;
    this.#onEnd = events.onEnd;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#run();
  }

  get status(): PartStatus {
    const state = this.#process ? "running" : this.#wanted ? "restarting" : "stopped";
    return { name: this.name, state, pid: this.#process?.pid, restarts: this.#restarts, lastEnd: this.#lastEnd };
  }

  /** Asks it to stop, and ends it when it has not done so after `grace` milliseconds. Resolves when it is gone. */
  async stop(grace: number): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#timer);
    const running = this.#process;
    if (running === undefined) return;
    const timer = setTimeout(() => running.kill(), grace);
    await running.terminate();
    await running.ended;
    clearTimeout(timer);
  }

  /** Its machine is gone and took the process along: nothing is to be started again. */
  abandon(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
  }

  #run(): void {
    const started = Date.now();
    const running = this.#launch();
    this.#process = running;
    void running.ended.then((how) => {
      // A part that was stopped and started meanwhile has another process by now.
      if (this.#process === running) this.#process = undefined;
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

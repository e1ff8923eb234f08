import type { Family } from "../../ip/address.ts";
import type { Logger } from "../../role/log.ts";
import type { Problem } from "../compile/problems.ts";
import type { ServiceInputs } from "../inputs.ts";
import type { ProxyMetrics } from "../metrics.ts";
import type { Mode } from "../modes/mode.ts";
import type { RowChange, ServiceTable } from "../table.ts";
import { FlowCleaner } from "./flow-cleaner.ts";

export interface SyncerOptions {
  inputs: ServiceInputs;
  table: ServiceTable;
  modes: readonly Mode[];
  metrics: ProxyMetrics;
  log: Logger;
  /** Something in an object was left out. */
  onProblem: (problem: Problem) => void;
  /** The kernel has these changes, and all before. When it throws the sync fails, and the next one tells the same changes again. */
  onChanged: (changes: readonly RowChange[]) => void;
  /** Milliseconds after which everything is compared with the kernel again, though nothing says that it must. */
  fullSyncPeriod: number;
}

/**
 * One sync: compile what changed, have each mode apply it, forget the flows that go to endpoints which are gone. Falls back to comparing
 * everything after a failure, when rules were flushed, and once in a long while.
 */
export class Syncer {
  readonly #options: SyncerOptions;
  /** Families whose rules have to be compared as a whole. */
  readonly #full = new Set<Family>();
  #lastFull = Number.NEGATIVE_INFINITY;
  #checkDue = false;
  readonly #flows: FlowCleaner;
  /** Changes that nobody was told of yet: the sync that they came with failed, or the telling did. */
  #unsaid: RowChange[] = [];

  constructor(options: SyncerOptions) {
    this.#options = options;
    this.#flows = new FlowCleaner(options);
    for (const { family } of options.modes) this.#full.add(family);
  }

  /** The next sync looks whether the rules are still there. */
  requestCheck(): void {
    this.#checkDue = true;
  }

  /** The next sync compares everything, fixed rules included. */
  requestFull(): void {
    for (const { family } of this.#options.modes) this.#full.add(family);
  }

  /** Flows that nobody looked at yet are left. */
  stop(): void {
    this.#flows.stop();
  }

  /** Rejects when rules could not be written; the next one then compares everything. */
  async sync(): Promise<void> {
    const { inputs, table, modes, onProblem, onChanged } = this.#options;
    for (const problem of inputs.compile(table)) onProblem(problem);
    const { generation } = table;
    const changes = table.takeChanges();
    const now = performance.now();
    if (now - this.#lastFull >= this.#options.fullSyncPeriod) {
      for (const { family } of modes) this.#full.add(family);
      this.#lastFull = now;
    }
    this.#unsaid.push(...changes);
    // What is asked for from here on is for the next sync. Nothing to put back after a failure: a family that was not looked at is compared.
    const checkDue = this.#checkDue;
    this.#checkDue = false;
    const failures: Error[] = [];
    for (const mode of modes)
      await this.#syncFamily(mode, changes, checkDue).catch((error: Error) => failures.push(error));
    if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
    table.markApplied(generation);
    onChanged(this.#unsaid);
    const said = this.#unsaid;
    this.#unsaid = [];
    await this.#flows.clean(said);
  }

  async #syncFamily(mode: Mode, changes: readonly RowChange[], checkDue: boolean): Promise<void> {
    const { table, metrics, log } = this.#options;
    const { family } = mode;
    const labels = { ip_family: `IPv${family}` };
    const startedAt = performance.now();
    const elapsed = () => (performance.now() - startedAt) / 1000;
    if (!this.#full.has(family) && checkDue && !(await this.#isIntact(mode))) this.#full.add(family);
    if (!this.#full.has(family)) {
      try {
        await mode.apply(changes, table);
        metrics.partialSyncDuration.observe(elapsed(), labels);
      } catch (error) {
        metrics.partialFailures.add(1, labels);
        log.warn({ err: error, ...labels }, "changes could not be written; comparing everything");
        this.#full.add(family);
      }
    }
    // Taken before: one that is asked for while this one is written needs another.
    if (this.#full.delete(family)) {
      try {
        await mode.sync(table);
      } catch (error) {
        this.#full.add(family);
        metrics.failures.add(1, labels);
        throw error;
      }
      metrics.fullSyncDuration.observe(elapsed(), labels);
    }
    metrics.syncDuration.observe(elapsed(), labels);
    metrics.lastSync.set(Date.now() / 1000, labels);
    log.debug({ ...labels, rows: table.size, changes: changes.length, seconds: elapsed() }, "synced");
  }

  /** One that cannot be looked at is as good as damaged: the changes that wait for the answer must not be lost. */
  async #isIntact(mode: Mode): Promise<boolean> {
    const { log } = this.#options;
    const labels = { ip_family: `IPv${mode.family}` };
    try {
      if (await mode.isIntact()) return true;
      log.warn(labels, "rules were flushed by somebody else; writing them again");
    } catch (error) {
      log.warn({ err: error, ...labels }, "cannot look whether the rules are still there; comparing everything");
    }
    return false;
  }
}

import { networkInterfaces } from "node:os";
import type { Family } from "../../ip/address.ts";
import { deleteFlows, type Flow, listFlows } from "../../linux/conntrack.ts";
import type { Logger } from "../../role/log.ts";
import type { Problem } from "../compile/problems.ts";
import type { ServiceInputs } from "../inputs.ts";
import type { ProxyMetrics } from "../metrics.ts";
import type { Mode } from "../modes/mode.ts";
import { changedFrontends, Frontends } from "../stale-flows.ts";
import type { RowChange, ServicePort, ServiceTable } from "../table.ts";

export interface SyncerOptions {
  inputs: ServiceInputs;
  table: ServiceTable;
  modes: readonly Mode[];
  metrics: ProxyMetrics;
  log: Logger;
  /** Something in an object was left out. */
  onProblem: (problem: Problem) => void;
  /** The kernel has these changes, and all before. */
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
  /** What rows were before their endpoints changed, until the flows are cleaned up. Undefined: all flows are in question. */
  #unclean: Map<string, ServicePort | undefined> | undefined;
  #withoutConntrack = false;
  /** Changes that nobody was told of yet: the sync that they came with failed. */
  #unsaid: RowChange[] = [];

  constructor(options: SyncerOptions) {
    this.#options = options;
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

  /** Rejects when rules could not be written; the next one then compares everything. */
  async sync(): Promise<void> {
    const { inputs, table, modes, onProblem, onChanged } = this.#options;
    for (const problem of inputs.compile(table)) onProblem(problem);
    const { generation } = table;
    const changes = table.takeChanges();
    for (const { key, before } of changes) if (this.#unclean?.has(key) === false) this.#unclean.set(key, before);
    const now = performance.now();
    if (now - this.#lastFull >= this.#options.fullSyncPeriod) {
      for (const { family } of modes) this.#full.add(family);
      this.#lastFull = now;
    }
    this.#unsaid.push(...changes);
    const failures: Error[] = [];
    for (const mode of modes) await this.#syncFamily(mode, changes).catch((error: Error) => failures.push(error));
    this.#checkDue = false;
    if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
    table.markApplied(generation);
    const said = this.#unsaid;
    this.#unsaid = [];
    onChanged(said);
    await this.#cleanFlows();
  }

  async #syncFamily(mode: Mode, changes: readonly RowChange[]): Promise<void> {
    const { table, metrics, log } = this.#options;
    const { family } = mode;
    const labels = { ip_family: `IPv${family}` };
    const startedAt = performance.now();
    const elapsed = () => (performance.now() - startedAt) / 1000;
    if (!this.#full.has(family) && this.#checkDue && !(await this.#isIntact(mode))) this.#full.add(family);
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
    if (this.#full.has(family)) {
      try {
        await mode.sync(table);
      } catch (error) {
        metrics.failures.add(1, labels);
        throw error;
      }
      this.#full.delete(family);
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

  /** A failure is not the rules' and is tried again with the next sync. */
  async #cleanFlows(): Promise<void> {
    const { log, metrics, modes } = this.#options;
    if (this.#withoutConntrack) return;
    const frontends = this.#frontendsInQuestion();
    try {
      for (const { family, protocol } of frontends.kinds()) {
        const startedAt = performance.now();
        const labels = { ip_family: `IPv${family}` };
        const isServed = (flow: Flow) => modes.some((mode) => mode.isServing?.(flow) ?? false);
        const flows = await listFlows(family, protocol);
        const stale = frontends.stale(flows, isOwnAddress()).filter((flow) => !isServed(flow));
        for (const flow of stale) await deleteFlows(family, flow);
        metrics.conntrackDuration.observe((performance.now() - startedAt) / 1000, labels);
        if (stale.length > 0) metrics.conntrackDeleted.add(stale.length, labels);
      }
      this.#unclean = new Map();
    } catch (error) {
      if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT") {
        this.#withoutConntrack = true;
        log.warn('stale flows are not cut: install the package "conntrack"');
      } else log.warn({ err: error }, "stale flows could not be cut; trying again with the next sync");
    }
  }

  #frontendsInQuestion(): Frontends {
    const { table } = this.#options;
    if (this.#unclean !== undefined)
      return changedFrontends([...this.#unclean].map(([key, before]) => ({ key, before, after: table.get(key) })));
    // The first time nobody knows what happened before.
    const all = new Frontends();
    for (const row of table.rows()) all.set(row);
    return all;
  }
}

/** Looks when it is first asked: a node may have thousands of addresses (modes/ipvs). */
function isOwnAddress(): (address: string) => boolean {
  let own: Set<string> | undefined;
  return (address) => {
    own ??= new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map((one) => one.address)));
    return own.has(address);
  };
}

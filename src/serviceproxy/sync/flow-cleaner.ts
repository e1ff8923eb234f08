import { networkInterfaces } from "node:os";
import type { Family } from "../../ip/address.ts";
import { deleteFlows, type Flow, type FlowProtocol, listFlows } from "../../linux/conntrack.ts";
import type { Logger } from "../../role/log.ts";
import type { ProxyMetrics } from "../metrics.ts";
import type { Mode } from "../modes/mode.ts";
import { takeSteps } from "../modes/steps.ts";
import { changedFrontends, Frontends } from "../stale-flows.ts";
import type { RowChange, ServicePort, ServiceTable } from "../table.ts";

export interface FlowCleanerOptions {
  table: ServiceTable;
  modes: readonly Mode[];
  metrics: ProxyMetrics;
  log: Logger;
  /** Milliseconds after which a look at TCP flows that failed is repeated, when no change makes it sooner. */
  retryDelay?: number;
}

/**
 * Milliseconds in which changes of TCP endpoints are gathered for one look at the flows. An attempt that nobody answered is repeated by its
 * client after a second (RFC 6298) and then finds a live endpoint; more haste would only make the kernel walk its whole table for each change.
 */
const tcpDelay = 500;
const defaultRetryDelay = 30_000;

/** What rows were before their endpoints changed, by key. Undefined: all flows are in question, since nobody knows what happened before. */
type Unclean = Map<string, ServicePort | undefined> | undefined;

/** Has the kernel forget the flows that go to endpoints which are gone: of UDP at once, of TCP a little later. */
export class FlowCleaner {
  readonly #options: FlowCleanerOptions;
  readonly #unclean: Record<FlowProtocol, Unclean> = { UDP: undefined, TCP: undefined };
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires; of performance.now(). */
  #due = 0;
  /** While the flows of TCP are looked at, whether changes came that they have to be looked at for again. */
  #walking: { again: boolean } | undefined;
  #stopped = false;
  #isFailing = false;

  constructor(options: FlowCleanerOptions) {
    this.#options = options;
  }

  /**
   * The kernel has the rules of these changes, and of all before. Resolves when the UDP flows are cleaned. A failure is not the rules': it is
   * told in the log and tried again with the next changes; of TCP also without any.
   */
  async clean(changes: readonly RowChange[]): Promise<void> {
    for (const { key, before, after } of changes) {
      const protocol = (after ?? before)?.protocol;
      if (protocol !== "UDP" && protocol !== "TCP") continue;
      const unclean = this.#unclean[protocol];
      if (unclean?.has(key) === false) unclean.set(key, before);
    }
    this.#schedule(tcpDelay);
    await this.#cleanProtocol("UDP");
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Has the flows of TCP looked at after `delay`, unless that happens sooner anyway or nothing is in question. */
  #schedule(delay: number): void {
    if (this.#stopped || this.#unclean.TCP?.size === 0) return;
    if (this.#walking !== undefined) {
      this.#walking.again = true;
      return;
    }
    const due = performance.now() + delay;
    if (this.#timer !== undefined && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => void this.#walk(), delay).unref();
  }

  async #walk(): Promise<void> {
    const { retryDelay = defaultRetryDelay } = this.#options;
    this.#timer = undefined;
    const walking = { again: false };
    this.#walking = walking;
    await this.#cleanProtocol("TCP");
    this.#walking = undefined;
    this.#schedule(walking.again ? tcpDelay : retryDelay);
  }

  async #cleanProtocol(protocol: FlowProtocol): Promise<void> {
    const { log, metrics, modes, table } = this.#options;
    const unclean = this.#unclean[protocol];
    const changed = unclean && this.#changed(unclean);
    // What changes from here on is a question of its own.
    this.#unclean[protocol] = new Map();
    const isServed = (flow: Flow) => modes.some((mode) => mode.isServing?.(flow) ?? false);
    const families = [...(changed?.families() ?? familiesOf(table.rows(), protocol))];
    try {
      await takeSteps(
        families.map((family) => async () => {
          const startedAt = performance.now();
          const labels = { ip_family: `IPv${family}` };
          const flows = await listFlows(family, protocol);
          const frontends = changed ?? frontendsOf(flows.length > 0 ? table.rows() : [], protocol);
          const stale = frontends.stale(flows, isOwnAddress()).filter((flow) => !isServed(flow));
          await deleteFlows(family, stale);
          metrics.conntrackDuration.observe((performance.now() - startedAt) / 1000, labels);
          if (stale.length > 0) metrics.conntrackDeleted.add(stale.length, labels);
        }),
      );
      this.#isFailing = false;
    } catch (error) {
      this.#unclean[protocol] = merge(unclean, this.#unclean[protocol]);
      const message = "stale flows could not be cut; trying again later";
      if (this.#isFailing) log.debug({ err: error }, message);
      else log.warn({ err: error }, message);
      this.#isFailing = true;
    }
  }

  #changed(unclean: NonNullable<Unclean>): Frontends {
    return changedFrontends(
      [...unclean].map(([key, before]) => ({ key, before, after: this.#options.table.get(key) })),
    );
  }
}

function familiesOf(rows: Iterable<ServicePort>, protocol: FlowProtocol): Set<Family> {
  const families = new Set<Family>();
  for (const row of rows) if (row.protocol === protocol) families.add(row.family);
  return families;
}

/** Of all rows of one protocol. */
function frontendsOf(rows: Iterable<ServicePort>, protocol: FlowProtocol): Frontends {
  const all = new Frontends();
  for (const row of rows) if (row.protocol === protocol) all.set(row);
  return all;
}

/** What was before the first of the changes to each row. */
function merge(first: Unclean, second: Unclean): Unclean {
  return first && new Map([...(second ?? []), ...first]);
}

/** Looks when it is first asked: a node may have thousands of addresses (modes/ipvs). */
function isOwnAddress(): (address: string) => boolean {
  let own: Set<string> | undefined;
  return (address) => {
    own ??= new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map((one) => one.address)));
    return own.has(address);
  };
}

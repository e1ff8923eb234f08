import type { Family } from "../ip/address.ts";
import type { Node } from "../kubernetes/types.ts";

/** Set by the cluster autoscaler on a node that it is about to remove: balancers should send nothing new there (KEP-3836). */
const leavingTaint = "ToBeDeletedByClusterAutoscaler";

interface FamilyHealth {
  lastUpdated?: number;
  /** Since when an update has been waiting. */
  queuedAt?: number;
}

export interface HealthReport {
  status: 200 | 503;
  body: object;
}

/** Whether rules follow the API in time. Times are milliseconds since the epoch; the answers are those of kube-proxy's /healthz and /livez. */
export class ProxyHealth {
  readonly #families: ReadonlyMap<Family, FamilyHealth>;
  /** Milliseconds that an update may wait. */
  readonly #patience: number;
  readonly #now: () => number;
  #eligible = true;

  constructor(families: readonly Family[], patience: number, now: () => number = Date.now) {
    this.#families = new Map(families.map((family) => [family, {}]));
    this.#patience = patience;
    this.#now = now;
  }

  queued(family: Family): void {
    const health = this.#families.get(family);
    if (health !== undefined) health.queuedAt ??= this.#now();
  }
  updated(family: Family): void {
    const health = this.#families.get(family);
    if (health === undefined) return;
    health.lastUpdated = this.#now();
    health.queuedAt = undefined;
  }
  /** `node` is undefined when there is no such node any more. */
  setNode(node: Pick<Node, "metadata" | "spec"> | undefined): void {
    const leaving = node?.spec?.taints?.some(({ key }) => key === leavingTaint) ?? false;
    this.#eligible = node !== undefined && node.metadata?.deletionTimestamp === undefined && !leaving;
  }

  /** /livez: the proxy itself. */
  live(): HealthReport {
    const { healthy, body } = this.#report();
    return { status: healthy ? 200 : 503, body };
  }
  /** /healthz: whether the node should get traffic. */
  ready(): HealthReport {
    const { healthy, body } = this.#report();
    return { status: healthy && this.#eligible ? 200 : 503, body: { ...body, nodeEligible: this.#eligible } };
  }

  #report() {
    const now = this.#now();
    const status: Record<string, { lastUpdated: string | null; healthy: boolean }> = {};
    let latest = 0;
    let healthy = true;
    for (const [family, { lastUpdated, queuedAt }] of this.#families) {
      const inTime = queuedAt === undefined || now - queuedAt <= this.#patience;
      healthy &&= inTime;
      latest = Math.max(latest, lastUpdated ?? 0);
      status[`IPv${family}`] = {
        lastUpdated: lastUpdated === undefined ? null : timeText(lastUpdated),
        healthy: inTime,
      };
    }
    return {
      healthy,
      body: { lastUpdated: timeText(healthy ? now : latest), currentTime: timeText(now), healthy, status },
    };
  }
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}

/** What a node's silence means. */
export type Verdict =
  /** Heard within the grace period. */
  | "alive"
  /** Silent for longer than that, while others are heard: the node is dead or cut off. */
  | "lost"
  /** Silent for longer, but so is everybody: more likely the API was frozen or cut off than all nodes at once. Nothing may be taken from it. */
  | "unheard";

export interface HeartbeatTimings {
  /** How often agents renew, milliseconds. */
  renewInterval: number;
  /** Silence after which a node counts as lost, milliseconds. */
  grace: number;
}

/** The most that a silence adds to the grace period after it, milliseconds. */
const longestCredit = 30_000;

/**
 * Knows when each node's lease was last seen to change, on the controller's own clock: what agents write as time is never compared with it.
 * All times are milliseconds of one monotonic clock, passed in.
 */
export class Heartbeats {
  readonly #timings: HeartbeatTimings;
  readonly #nodes = new Map<string, { renewTime: string | undefined; heardAt: number }>();
  /** undefined before the first node is known. */
  #anyHeardAt: number | undefined;

  constructor(timings: HeartbeatTimings) {
    this.#timings = timings;
  }

  /** A node that is new here, or the renewTime of its lease as the cache shows it. A time seen before is no sign of life. */
  observe(node: string, renewTime: string | undefined, now: number): void {
    const known = this.#nodes.get(node);
    this.#anyHeardAt ??= now;
    if (known === undefined) {
      this.#nodes.set(node, { renewTime, heardAt: now });
      return;
    }
    if (renewTime === undefined || known.renewTime === renewTime) return;
    known.renewTime = renewTime;
    this.heard(node, now);
  }

  /** A sign of life other than the lease: the agent itself has reported that the node is ready. */
  heard(node: string, now: number): void {
    // The silence was general: what the others missed in it is not held against them. A connection that lost packets tries again only after about
    // as long as it already tried (RFC 6298's backoff): so much more time do they get.
    if (this.isSilent(now)) this.#forgive(now, Math.min(now - (this.#anyHeardAt ?? now), longestCredit));
    this.#nodes.set(node, { renewTime: this.#nodes.get(node)?.renewTime, heardAt: now });
    this.#anyHeardAt = now;
  }

  forget(node: string): void {
    this.#nodes.delete(node);
  }

  /** The loop that reads the heartbeats stood still (process stopped, machine suspended): nobody could be heard meanwhile. */
  stalled(now: number): void {
    this.#forgive(now, 0);
  }

  /** Nobody was heard for so long that a single dead node is no explanation. */
  isSilent(now: number): boolean {
    const { renewInterval, grace } = this.#timings;
    const limit = Math.min(Math.max(2.5 * renewInterval, grace / 2), 0.8 * grace);
    return now - (this.#anyHeardAt ?? now) > limit;
  }

  verdict(node: string, now: number): Verdict {
    const known = this.#nodes.get(node);
    if (known === undefined || now - known.heardAt <= this.#timings.grace) return "alive";
    return this.isSilent(now) ? "unheard" : "lost";
  }

  #forgive(now: number, credit: number): void {
    for (const known of this.#nodes.values()) known.heardAt = now + credit;
  }
}

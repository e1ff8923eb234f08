import type { EndpointSlice } from "../kubernetes/types.ts";
import { triggerTimeAnnotation } from "./slim.ts";

/** Changes that wait at most; a metric is no reason to keep more while the kernel takes none. */
const mostTriggers = 100_000;

export interface Trigger {
  /** Milliseconds since the epoch. */
  time: number;
  /** The slice's address type, which is how metrics name families. */
  family: string;
  slice: string;
}

/**
 * When the changes began that wait for a sync, as the EndpointSlice controller notes them. Those of before this process do not count, nor
 * those of slices that went before anything was written.
 */
export class TriggerTimes {
  readonly #since = Date.now();
  #triggers: Trigger[] = [];

  note({ metadata, addressType }: EndpointSlice): void {
    const time = Date.parse(metadata?.annotations?.[triggerTimeAnnotation] ?? "");
    if (time >= this.#since && this.#triggers.length < mostTriggers)
      this.#triggers.push({ time, family: addressType, slice: keyOf(metadata) });
  }
  forget({ metadata }: EndpointSlice): void {
    this.#triggers = this.#triggers.filter(({ slice }) => slice !== keyOf(metadata));
  }
  take(): Trigger[] {
    const triggers = this.#triggers;
    this.#triggers = [];
    return triggers;
  }
  putBack(triggers: readonly Trigger[]): void {
    this.#triggers.unshift(...triggers);
  }
}

function keyOf(metadata: EndpointSlice["metadata"]): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

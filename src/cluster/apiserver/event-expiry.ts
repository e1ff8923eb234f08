import type { Event } from "../../kubernetes/types.ts";
import type { Logger } from "../../role/log.ts";
import type { Stored } from "../storage/entry.ts";
import type { Store } from "../storage/store.ts";

/** Kubernetes keeps Events for an hour; so many more than a person reads would fill the memory. Milliseconds. */
const lifetime = 3_600_000;
/** The oldest go earlier when there are more. */
const maxEvents = 5000;

export interface EventExpiryOptions {
  store: Store;
  now: () => number;
  log: Logger;
  /** Milliseconds between looks; a minute when absent. */
  interval?: number;
}

/** Removes Events that are old or too many, from time to time. Returns the stopper. */
export function startEventExpiry({ store, now, log, interval = 60_000 }: EventExpiryOptions): () => void {
  const timer = setInterval(() => {
    expireEvents(store, now()).catch((err: Error) => log.warn({ err }, "old events could not be removed"));
  }, interval);
  timer.unref();
  return () => clearInterval(timer);
}

/** Resolves to how many were removed. */
export async function expireEvents(store: Store, now: number, limit = maxEvents): Promise<number> {
  const events = store.collection("events");
  const aged = events
    .list()
    .map(({ key, object }) => ({ key, last: lastSeen(object) }))
    .sort((a, b) => a.last - b.last);
  const excess = aged.length - limit;
  const old = aged.filter(({ last }, index) => index < excess || now - last > lifetime);
  const there = old.filter(({ key }) => events.latest(key) !== undefined);
  await Promise.all(there.map(({ key }) => events.remove(key)));
  return there.length;
}

function lastSeen(object: Stored): number {
  const { lastTimestamp, eventTime, series, metadata } = object as Stored & Event;
  const times = [series?.lastObservedTime, lastTimestamp, eventTime, metadata.creationTimestamp];
  return Math.max(0, ...times.map((time) => Date.parse(time ?? "")).filter((time) => !Number.isNaN(time)));
}

/** Kubernetes' own limit: an expectation that is not met by then was lost, and the cache is believed again. Milliseconds. */
const lifetime = 5 * 60_000;

interface Expected {
  creations: number;
  deletions: Set<string>;
  since: number;
}

/**
 * What a controller has written but not yet seen in its cache, by key of the owner. While something is outstanding the cache is behind
 * the controller's own writes, and counting from it would create or delete twice.
 */
export class Expectations {
  readonly #expected = new Map<string, Expected>();

  /** True when the cache shows all of the controller's own writes. */
  satisfied(key: string, now: number): boolean {
    const expected = this.#expected.get(key);
    if (expected === undefined) return true;
    const open = expected.creations > 0 || expected.deletions.size > 0;
    if (open && now - expected.since < lifetime) return false;
    this.#expected.delete(key);
    return true;
  }

  /** Before the writes: an event may come before the answer. Deletions are told by uid of the object. */
  expect(key: string, writes: { creations?: number; deletions?: Iterable<string> }, now: number): void {
    this.#expected.set(key, {
      creations: writes.creations ?? 0,
      deletions: new Set(writes.deletions ?? []),
      since: now,
    });
  }

  /** Seen in the cache, or failed. */
  creationObserved(key: string, count = 1): void {
    const expected = this.#expected.get(key);
    if (expected !== undefined) expected.creations -= count;
  }

  deletionObserved(key: string, uid: string): void {
    this.#expected.get(key)?.deletions.delete(uid);
  }

  forget(key: string): void {
    this.#expected.delete(key);
  }
}

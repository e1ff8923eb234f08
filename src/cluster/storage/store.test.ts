import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Stored, StoreEvent } from "./entry.ts";
import { CompactedError } from "./history.ts";
import type { Journal, JournalBatch, JournalRow } from "./journal.ts";
import { Store } from "./store.ts";

/** A journal in memory, with a hand on its commits. */
class TestJournal implements Journal {
  rows: JournalRow[] = [];
  compacted = 0;
  revision = 0;
  commits = 0;
  failure: Error | undefined;
  /** Commits wait for it. */
  gate: Promise<void> = Promise.resolve();

  load() {
    return { rows: [...this.rows], compacted: this.compacted, revision: this.revision };
  }
  async commit({ rows, obsolete, compacted }: JournalBatch): Promise<void> {
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    this.commits += 1;
    const gone = new Set(obsolete);
    this.rows = [...this.rows, ...rows].filter(({ revision }) => !gone.has(revision));
    if (compacted !== undefined) {
      this.compacted = compacted;
      this.revision = rows.at(-1)?.revision ?? compacted;
    }
  }
  close() {}
}

const object = (name: string, value = 0): Stored & { value: number } => ({ metadata: { name }, value });
const valuesOf = (entries: { key: string; object: Stored }[]) =>
  entries.map(({ key, object }) => `${key}=${(object as { value?: number }).value}`);

describe("a store", () => {
  test("shows a write to nobody before it is durable", async () => {
    const journal = new TestJournal();
    const { promise, resolve } = Promise.withResolvers<void>();
    journal.gate = promise;
    const store = new Store(journal);
    const things = store.collection("things");
    const events: StoreEvent[] = [];
    things.subscribe((event) => events.push(event));
    const written = things.put("a", object("a"));
    assert.equal(things.latest("a")?.revision, 1);
    await new Promise((done) => setImmediate(done));
    assert.deepEqual([things.get("a"), events.length, store.revision], [undefined, 0, 0]);
    resolve();
    await written;
    assert.deepEqual([things.get("a")?.revision, events.length, store.revision], [1, 1, 1]);
  });

  test("commits writes of one turn together", async () => {
    const journal = new TestJournal();
    const things = new Store(journal).collection("things");
    await Promise.all(Array.from({ length: 100 }, (_, index) => things.put(`k${index}`, object(`k${index}`))));
    assert.deepEqual([journal.commits, journal.rows.length], [1, 100]);
  });

  test("takes everything back that was waiting when the journal fails", async () => {
    const journal = new TestJournal();
    const store = new Store(journal);
    const things = store.collection("things");
    await things.put("a", object("a", 1));
    let rolledBack = 0;
    store.onRollback(() => {
      rolledBack += 1;
    });
    journal.failure = new Error("disk full");
    const results = await Promise.allSettled([
      things.put("a", object("a", 2)),
      things.put("b", object("b")),
      things.remove("a"),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "rejected", "rejected"],
    );
    assert.deepEqual([valuesOf(things.list()), things.latest("b"), rolledBack], [["a=1"], undefined, 1]);
    journal.failure = undefined;
    await things.put("b", object("b", 3));
    assert.deepEqual(valuesOf(things.list()), ["a=1", "b=3"]);
    assert.equal(store.revision, 5);
  });

  test("lists by prefix in order of keys", async () => {
    const things = new Store(new TestJournal()).collection("things");
    await Promise.all(["b/2", "a/1", "b/1", "ba/0", "c/0"].map((key) => things.put(key, object(key))));
    assert.deepEqual(
      things.list("b/").map(({ key }) => key),
      ["b/1", "b/2"],
    );
    assert.deepEqual(things.list("z/"), []);
    assert.equal(things.list().length, 5);
  });

  test("waits for what is on its way", async () => {
    const store = new Store(new TestJournal());
    await store.settled();
    void store.collection("things").put("a", object("a"));
    await store.settled();
    assert.equal(store.revision, 1);
  });
});

/** A sequence of writes, some of them awaited, on a few keys of two collections. */
const operation = fc.record({
  collection: fc.constantFrom("x", "y"),
  key: fc.constantFrom("a", "b", "c", "d"),
  remove: fc.boolean(),
  wait: fc.boolean(),
});

async function run(store: Store, operations: (typeof operation extends fc.Arbitrary<infer T> ? T : never)[]) {
  let value = 0;
  for (const { collection, key, remove, wait } of operations) {
    const target = store.collection(collection);
    value += 1;
    if (!remove) void target.put(key, object(key, value));
    else if (target.latest(key) !== undefined) void target.remove(key);
    if (wait) await store.settled();
  }
  await store.settled();
}

describe("laws of a store, for any sequence of writes", () => {
  const sequences = fc.array(operation, { maxLength: 60 });

  test("the changes since a revision lead from its state to the present one", async () => {
    await fc.assert(
      fc.asyncProperty(sequences, sequences, async (before, after) => {
        const store = new Store(new TestJournal());
        await run(store, before);
        const x = store.collection("x");
        const { revision } = store;
        const state = new Map(x.list().map((entry) => [entry.key, entry]));
        await run(store, after);
        assert.deepEqual(valuesOf(x.listAt(revision)), valuesOf([...state.values()]));
        for (const { type, entry } of x.changesSince(revision)) {
          assert.equal(type === "ADDED", !state.has(entry.key));
          if (type === "DELETED") state.delete(entry.key);
          else state.set(entry.key, entry);
        }
        const present = [...state.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
        assert.deepEqual(valuesOf(x.list()), valuesOf(present));
      }),
    );
  });

  test("a store that starts from the journal is the same, whatever was compacted", async () => {
    await fc.assert(
      fc.asyncProperty(sequences, fc.integer({ min: 1, max: 20 }), async (operations, window) => {
        const journal = new TestJournal();
        const store = new Store(journal, { window });
        await run(store, operations);
        const again = new Store(journal, { window });
        assert.equal(again.revision, store.revision);
        assert.equal(again.compacted, journal.compacted);
        for (const name of ["x", "y"]) {
          const [old, restarted] = [store.collection(name), again.collection(name)];
          assert.deepEqual(restarted.list(), old.list());
          const from = Math.max(store.compacted, again.compacted);
          const changes = (collection: typeof old) =>
            [...collection.changesSince(from)].map(({ type, entry }) => [type, entry]);
          assert.deepEqual(changes(restarted), changes(old));
        }
      }),
    );
  });

  test("large objects leave the window early", async () => {
    const store = new Store(new TestJournal(), { window: 100, windowCharacters: 10_000 });
    const things = store.collection("things");
    for (let index = 0; index < 20; index++) await things.put("a", { ...object("a"), kind: "x".repeat(5000) });
    assert.ok(store.revision - store.compacted <= 3, `${store.revision} ${store.compacted}`);
    assert.equal([...things.changesSince(store.compacted)].length, store.revision - store.compacted);
  });

  test("the window and the journal stay bounded, and what is gone is told", async () => {
    await fc.assert(
      fc.asyncProperty(sequences, async (operations) => {
        const journal = new TestJournal();
        const window = 8;
        const store = new Store(journal, { window });
        await run(store, operations);
        await run(
          store,
          Array.from({ length: 100 }, () => ({ collection: "x", key: "a", remove: false, wait: true })),
        );
        // At most every key's newest row, and two rows an event of the window: the new one and the one that it replaced.
        assert.ok(journal.rows.length <= 8 + 2 * (window * 1.25 + 1), String(journal.rows.length));
        assert.throws(() => [...store.collection("x").changesSince(0)], CompactedError);
        assert.deepEqual([...store.collection("x").changesSince(store.revision)], []);
      }),
      { numRuns: 30 },
    );
  });
});

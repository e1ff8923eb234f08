import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Change, Reflector } from "../../../kubernetes/reflector.ts";
import type { KubernetesObject, Pod } from "../../../kubernetes/types.ts";
import { forEachLimited, slowStart } from "./batch.ts";
import { sortClaims } from "./claim.ts";
import { podChangeMatters } from "./endpoint-changes.ts";
import { equal } from "./equal.ts";
import { Expectations } from "./expectations.ts";
import { indexBy, labelValuesOf, selectFrom } from "./index-by.ts";
import { mergePatch } from "./patch.ts";
import { isAvailable, untilNextAvailable } from "./pod-state.ts";
import { WriteTracker } from "./write-tracker.ts";

/** A cache that is told its changes by the test. */
function cache<T extends KubernetesObject>() {
  const objects = new Map<string, T>();
  const listeners: ((change: Change<T>) => void)[] = [];
  const keyOf = ({ metadata }: T) => `${metadata?.namespace ?? ""}/${metadata?.name}`;
  const report = (change: Change<T>) => {
    for (const listener of listeners) listener(change);
  };
  const reflector: Reflector<T> = {
    synced: Promise.resolve(),
    isSynced: true,
    get: (name, namespace) => objects.get(`${namespace ?? ""}/${name}`),
    list: () => [...objects.values()],
    subscribe(listener) {
      listeners.push(listener);
      return () => listeners.splice(listeners.indexOf(listener), 1);
    },
    stop() {},
  };
  return {
    reflector,
    put(object: T) {
      const old = objects.get(keyOf(object));
      objects.set(keyOf(object), object);
      report(old === undefined ? { type: "added", object } : { type: "modified", object, old });
    },
    remove(object: T) {
      const old = objects.get(keyOf(object));
      if (old === undefined) return;
      objects.delete(keyOf(object));
      report({ type: "deleted", object: old });
    },
  };
}

test("equal takes undefined for absent and nothing else", () => {
  const cases: [unknown, unknown, boolean][] = [
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, true],
    [{ a: null }, {}, false],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [{ a: [{ b: 1 }] }, { a: [{ b: 1 }] }, true],
    ["1", 1, false],
    [undefined, undefined, true],
  ];
  for (const [a, b, expected] of cases) assert.equal(equal(a, b), expected, JSON.stringify([a, b]));
  fc.assert(fc.property(fc.jsonValue(), (value) => equal(value, structuredClone(value))));
});

test("mergePatch applied as RFC 7396 says gives the wanted fields", () => {
  assert.equal(mergePatch({ a: 1 }, { a: 1 }), undefined);
  assert.deepEqual(mergePatch({ a: 1, b: 2, c: [1] }, { a: 3, c: [1, 2] }), { a: 3, b: null, c: [1, 2] });
});

test("an index holds what a scan would find, after any changes", () => {
  const change = fc.record({ name: fc.nat(5), label: fc.option(fc.nat(2)), gone: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const { reflector, put, remove } = cache<Pod>();
      const index = indexBy(reflector, labelValuesOf);
      for (const { name, label, gone } of changes) {
        const labels: Record<string, string> = label === null ? {} : { app: String(label), all: "yes" };
        const pod: Pod = { metadata: { name: `p${name}`, namespace: "n", labels } };
        if (gone) remove(pod);
        else put(pod);
      }
      for (const app of ["0", "1", "2"]) {
        const names = (pods: Pod[]) => pods.map(({ metadata }) => metadata?.name).sort();
        const scan = reflector.list().filter(({ metadata }) => metadata?.labels?.app === app);
        assert.deepEqual(names(selectFrom(index, "n", { app, all: "yes" })), names(scan));
        assert.deepEqual(selectFrom(index, "other", { app }), []);
      }
    }),
  );
});

test("expectations hold a key back until its writes were seen, failed, or got lost", () => {
  const expectations = new Expectations();
  assert.equal(expectations.satisfied("k", 0), true);
  expectations.expect("k", { creations: 2, deletions: ["a"] }, 0);
  expectations.creationObserved("k");
  assert.equal(expectations.satisfied("k", 1), false);
  expectations.creationObserved("k");
  assert.equal(expectations.satisfied("k", 1), false);
  expectations.deletionObserved("k", "b");
  assert.equal(expectations.satisfied("k", 1), false, "another one's deletion");
  expectations.deletionObserved("k", "a");
  assert.equal(expectations.satisfied("k", 1), true);
  expectations.expect("k", { creations: 1 }, 0);
  assert.equal(expectations.satisfied("k", 299_999), false);
  assert.equal(expectations.satisfied("k", 300_000), true, "lost after five minutes");
});

test("claims", () => {
  const owner = { metadata: { name: "o", uid: "o" } };
  const selector = { matchLabels: { app: "web" } };
  const object = (name: string, app: string, controller?: string, deleting = false): KubernetesObject => ({
    metadata: {
      name,
      labels: { app },
      ...(deleting && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      ownerReferences: controller
        ? [{ apiVersion: "v1", kind: "X", name: controller, uid: controller, controller: true }]
        : [],
    },
  });
  const objects = [
    object("own", "web", "o"),
    object("own-unselected", "db", "o"),
    object("orphan", "web"),
    object("orphan-unselected", "db"),
    object("orphan-deleting", "web", undefined, true),
    object("foreign", "web", "other"),
  ];
  const names = (of: KubernetesObject) => {
    const { kept, adopt, release } = sortClaims(of, selector, objects);
    return [kept, adopt, release].map((list) => list.map(({ metadata }) => metadata?.name));
  };
  assert.deepEqual(names(owner), [["own"], ["orphan"], ["own-unselected"]]);
  const dying = { metadata: { ...owner.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
  assert.deepEqual(names(dying), [["own", "own-unselected"], [], []]);
});

test("slowStart stops after the batch that failed", async () => {
  const calls: number[] = [];
  const outcome = await slowStart(20, async (index) => {
    calls.push(index);
    if (index === 4) throw new Error("quota");
  });
  assert.deepEqual(calls, [0, 1, 2, 3, 4, 5, 6], "1 + 2 + 4");
  assert.equal(outcome.succeeded, 6);
  assert.match(String(outcome.error), /quota/);
  assert.deepEqual(await slowStart(20, async () => {}), { succeeded: 20 });
});

test("forEachLimited tries all, at most so many at a time, and then throws the first error", async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  const work = forEachLimited([1, 2, 3, 4, 5], 2, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    if (item === 2) throw new Error("second");
    done.push(item);
  });
  await assert.rejects(work, /second/);
  assert.deepEqual(done, [1, 3, 4, 5]);
  assert.equal(most, 2);
});

test("availability follows readiness by minReadySeconds", () => {
  const now = Date.parse("2026-01-01T00:01:00Z");
  const ready = (since: string, status = "True"): Pod => ({
    status: { conditions: [{ type: "Ready", status, lastTransitionTime: since }] },
  });
  const cases: [Pod, number, boolean][] = [
    [ready("2026-01-01T00:00:30Z"), 30, true],
    [ready("2026-01-01T00:00:31Z"), 30, false],
    [ready("2026-01-01T00:00:59Z"), 0, true],
    [ready("2026-01-01T00:00:00Z", "False"), 0, false],
    [{}, 0, false],
  ];
  for (const [pod, seconds, expected] of cases) assert.equal(isAvailable(pod, seconds, now), expected);
  const pods = [ready("2026-01-01T00:00:00Z"), ready("2026-01-01T00:00:50Z"), ready("2026-01-01T00:00:55Z")];
  assert.equal(untilNextAvailable(pods, 30, now), 20_000);
  assert.equal(untilNextAvailable(pods, 0, now), undefined);
});

test("only what an endpoint is made of makes a Pod's change matter", () => {
  const base: Pod = {
    metadata: { name: "p", labels: { app: "web" } },
    spec: { containers: [], nodeName: "n" },
    status: { phase: "Running", podIP: "10.0.0.1", conditions: [{ type: "Ready", status: "True" }] },
  };
  const modified = (object: Pod) => podChangeMatters({ type: "modified", old: base, object });
  assert.equal(modified({ ...base, status: { ...base.status, startTime: "2026-01-01T00:00:00Z" } }), false);
  assert.equal(modified({ ...base, status: { ...base.status, podIP: "10.0.0.2" } }), true);
  assert.equal(modified({ ...base, status: { ...base.status, conditions: [] } }), true);
  assert.equal(modified({ ...base, status: { ...base.status, phase: "Failed" } }), true);
  assert.equal(modified({ ...base, metadata: { ...base.metadata, labels: {} } }), true);
  assert.equal(modified({ ...base, metadata: { ...base.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } }), true);
  assert.equal(podChangeMatters({ type: "added", object: { ...base, status: {} } }), false, "no address yet");
});

test("a tracker is behind until the cache shows its writes", () => {
  const { reflector, put, remove } = cache<KubernetesObject>();
  const caughtUp: string[] = [];
  const tracker = new WriteTracker(
    reflector,
    () => "g",
    (group) => caughtUp.push(group),
  );
  const object = (name: string, resourceVersion: string) => ({
    metadata: { name, namespace: "n", uid: name, resourceVersion },
  });
  const now = Date.now();
  put(object("early", "9"));
  tracker.wrote(object("early", "9"));
  assert.equal(tracker.isBehind("g", now), false, "the event was faster than the answer");
  tracker.wrote(object("a", "10"));
  tracker.wrote(object("b", "11"));
  put(object("a", "10"));
  put(object("b", "8"));
  assert.equal(tracker.isBehind("g", now), true);
  put(object("b", "12"));
  assert.equal(tracker.isBehind("g", now), false, "a later version will do");
  assert.deepEqual(caughtUp, ["g"]);
  tracker.removed(object("a", "10"));
  assert.equal(tracker.isBehind("g", now), true);
  remove(object("a", "10"));
  assert.equal(tracker.isBehind("g", now), false);
  tracker.wrote(object("c", "20"));
  assert.equal(tracker.isBehind("g", now + 6000), false, "an event that never comes is not waited for");
  tracker.stop();
});

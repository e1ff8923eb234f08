import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { KubernetesClient } from "./client.ts";
import { StatusError } from "./errors.ts";
import { createEventRecorder } from "./events.ts";
import { pods } from "./resource.ts";
import type { Event } from "./types.ts";

const pod = { metadata: { name: "web-1", namespace: "shop", uid: "u1", resourceVersion: "7" } };

/** Keeps events as an API server would, as far as the recorder sees it. */
function recorder(t: { after(end: () => void): void }) {
  mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-01-01T00:00:00Z") });
  t.after(() => mock.timers.reset());
  const stored = new Map<string, Event>();
  let writes = 0;
  const client = {
    async create(_resource: unknown, event: Event) {
      writes += 1;
      stored.set(event.metadata.name ?? "", event);
      return event;
    },
    async patch(_resource: unknown, name: string, patch: Partial<Event>) {
      writes += 1;
      const old = stored.get(name);
      if (old === undefined)
        throw new StatusError({ apiVersion: "v1", kind: "Status", metadata: {}, status: "Failure", code: 404 });
      stored.set(name, { ...old, ...patch });
    },
  } as unknown as KubernetesClient;
  const events = createEventRecorder({ client, component: "test-controller", host: "node1" });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { events, stored, settle, writes: () => writes, list: () => [...stored.values()] };
}

test("an event tells what happened to what, and who says so", async (t) => {
  const { events, settle, list } = recorder(t);
  events.record(pods, pod, "Warning", "BackOff", "Back-off restarting", "spec.containers{main}");
  await settle();
  const [event] = list();
  const { metadata, ...rest } = event!;
  assert.match(metadata.name ?? "", /^web-1\.[0-9a-f]{14,16}$/);
  assert.equal(metadata.namespace, "shop");
  assert.deepEqual(rest, {
    apiVersion: "v1",
    kind: "Event",
    involvedObject: {
      apiVersion: "v1",
      kind: "Pod",
      name: "web-1",
      namespace: "shop",
      uid: "u1",
      resourceVersion: "7",
      fieldPath: "spec.containers{main}",
    },
    type: "Warning",
    reason: "BackOff",
    message: "Back-off restarting",
    count: 1,
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:00Z",
    source: { component: "test-controller", host: "node1" },
    reportingComponent: "test-controller",
    reportingInstance: "node1",
  });
});

test("a repeat raises the count of the event that is there", async (t) => {
  const { events, settle, list } = recorder(t);
  for (let time = 0; time < 3; time += 1) {
    events.record(pods, pod, "Warning", "BackOff", "again");
    await settle();
    mock.timers.tick(1000);
  }
  assert.equal(list().length, 1);
  assert.equal(list()[0]?.count, 3);
  assert.equal(list()[0]?.firstTimestamp, "2026-01-01T00:00:00Z");
  assert.equal(list()[0]?.lastTimestamp, "2026-01-01T00:00:02Z");
});

test("repeats that come faster than they are written become one write", async (t) => {
  const { events, settle, list, writes } = recorder(t);
  for (let time = 0; time < 5; time += 1) events.record(pods, pod, "Normal", "Pulled", "same");
  await settle();
  assert.equal(list()[0]?.count, 5);
  assert.ok(writes() <= 2);
});

test("an event that was collected meanwhile is written anew", async (t) => {
  const { events, settle, list, stored } = recorder(t);
  events.record(pods, pod, "Normal", "Pulled", "x");
  await settle();
  stored.clear();
  events.record(pods, pod, "Normal", "Pulled", "x");
  await settle();
  assert.equal(list()[0]?.count, 2);
});

test("after ten similar ones the rest share one event", async (t) => {
  const { events, settle, list } = recorder(t);
  for (let number = 0; number < 15; number += 1) {
    events.record(pods, pod, "Normal", "SuccessfulCreate", `Created pod: p${number}`);
    await settle();
  }
  assert.equal(list().length, 11);
  const combined = list().at(-1);
  assert.equal(combined?.message, "(combined from similar events): Created pod: p14");
  assert.equal(combined?.count, 5);
});

test("one object cannot fill the store: 25 at once, then one in five minutes; others are not concerned", async (t) => {
  const { events, settle, writes } = recorder(t);
  const record = async (count: number, object = pod) => {
    const before = writes();
    for (let number = 0; number < count; number += 1) {
      events.record(pods, object, "Normal", `Reason${number}`, "x");
      await settle();
    }
    return writes() - before;
  };
  assert.equal(await record(40), 25);
  mock.timers.tick(300_000);
  assert.equal(await record(5), 1);
  assert.equal(await record(3, { metadata: { ...pod.metadata, name: "web-2", uid: "u2" } }), 3);
});

test("an event that cannot be written is reported and does not stop the next", async (t) => {
  mock.timers.enable({ apis: ["Date"], now: 0 });
  t.after(() => mock.timers.reset());
  const errors: string[] = [];
  let calls = 0;
  const client = {
    async create(_resource: unknown, event: Event) {
      calls += 1;
      if (calls === 1) throw new Error("no answer");
      return event;
    },
  } as unknown as KubernetesClient;
  const events = createEventRecorder({ client, component: "c", onError: ({ message }) => errors.push(message) });
  events.record(pods, pod, "Normal", "A", "x");
  events.record(pods, pod, "Normal", "B", "x");
  await events.close();
  assert.deepEqual(errors, ["no answer"]);
  assert.equal(calls, 2);
  events.record(pods, pod, "Normal", "C", "x");
  await events.close();
  assert.equal(calls, 2, "closed");
});

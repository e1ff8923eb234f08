import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../storage/store.ts";
import { expireEvents } from "./event-expiry.ts";

const hour = 3_600_000;
const now = Date.parse("2026-01-01T12:00:00Z");
const ago = (milliseconds: number) => new Date(now - milliseconds).toISOString();

test("Events go after an hour without another sighting, and the oldest earlier when there are too many", async () => {
  const journal = { load: () => ({ rows: [], compacted: 0, revision: 0 }), commit: async () => {}, close() {} };
  const store = new Store(journal);
  const events = store.collection("events");
  const put = (name: string, times: object) => {
    const metadata = { name, namespace: "default", creationTimestamp: ago(3 * hour) };
    return events.put(`default/${name}`, { metadata, ...times });
  };
  await put("old", { lastTimestamp: ago(hour + 1000) });
  await put("without-times", {});
  await put("repeated", { lastTimestamp: ago(2 * hour), series: { lastObservedTime: ago(1000) } });
  await put("new", { eventTime: ago(500), lastTimestamp: null });
  assert.equal(await expireEvents(store, now), 2);
  assert.deepEqual(
    events.list().map(({ object }) => object.metadata.name),
    ["new", "repeated"],
  );
  assert.equal(await expireEvents(store, now, 1), 1);
  assert.deepEqual(
    events.list().map(({ object }) => object.metadata.name),
    ["new"],
  );
});

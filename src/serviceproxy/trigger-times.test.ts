import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice } from "../kubernetes/types.ts";
import { triggerTimeAnnotation } from "./slim.ts";
import { TriggerTimes } from "./trigger-times.ts";

function slice(name: string, milliseconds: number, addressType = "IPv4"): EndpointSlice {
  const annotations = { [triggerTimeAnnotation]: new Date(milliseconds).toISOString() };
  return { metadata: { name, namespace: "shop", annotations }, addressType, endpoints: [], ports: [] };
}

test("changes wait with their time and family until they are taken; those of before the start and of slices that went do not", () => {
  const times = new TriggerTimes();
  const now = Date.now() + 1000;
  times.note(slice("old", now - 60_000));
  times.note({ ...slice("none", now), metadata: { name: "none", namespace: "shop" } });
  times.note(slice("gone", now));
  times.note(slice("four", now));
  times.note(slice("six", now + 5, "IPv6"));
  times.forget(slice("gone", now));
  const taken = times.take();
  assert.deepEqual(
    taken.map(({ time, family }) => [time, family]),
    [
      [now, "IPv4"],
      [now + 5, "IPv6"],
    ],
  );
  assert.deepEqual(times.take(), []);
  times.putBack(taken);
  assert.equal(times.take().length, 2);
});

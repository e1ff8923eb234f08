import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { KubernetesObject } from "../../../kubernetes/types.ts";
import { event } from "./event.ts";
import { problemsOfCreate } from "./testing.ts";

describe("create", () => {
  const cases: [string, object, string[]][] = [
    ["of its own namespace", { metadata: { name: "a", namespace: "b" }, involvedObject: { namespace: "b" } }, []],
    ["of a node", { metadata: { name: "a", namespace: "default" }, involvedObject: { kind: "Node", name: "n" } }, []],
    [
      "of another namespace",
      { metadata: { name: "a", namespace: "b" }, involvedObject: { namespace: "c" } },
      ['involvedObject.namespace: Invalid value: "c": does not match event.namespace'],
    ],
  ];
  for (const [title, body, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfCreate(event, body), problems));
  }
});

test("row", () => {
  const now = Date.parse("2026-01-02T03:05:05Z");
  const metadata = { name: "web.1", namespace: "default" };
  const involvedObject = { kind: "Pod", name: "web", fieldPath: "spec.containers{a}" };
  const first = { type: "Normal", reason: "Started", message: " Started a\n", firstTimestamp: "2026-01-02T03:04:05Z" };
  const old = {
    metadata,
    involvedObject,
    ...first,
    lastTimestamp: "2026-01-02T03:05:00Z",
    source: { component: "agent", host: "node1" },
  };
  assert.deepEqual(event.row(old, now), [
    "5s",
    "Normal",
    "Started",
    "pod/web",
    "spec.containers{a}",
    "agent, node1",
    "Started a",
    "60s",
    1,
    "web.1",
  ]);
  const series = { count: 4, lastObservedTime: "2026-01-02T03:05:03.000000Z" };
  const fresh = { metadata, involvedObject, eventTime: "2026-01-02T03:04:05.000000Z", series, reportingComponent: "c" };
  assert.deepEqual(event.row(fresh, now), ["2s", "", "", "pod/web", "spec.containers{a}", "c", "", "60s", 4, "web.1"]);
});

test("field selectors of describe", () => {
  const object = { involvedObject: { kind: "Pod", name: "web", uid: "u" }, reason: "Started" } as KubernetesObject;
  const select = event.selectableFields!;
  assert.equal(select["involvedObject.kind"]?.(object), "Pod");
  assert.equal(select["involvedObject.uid"]?.(object), "u");
  assert.equal(select.reason?.(object), "Started");
  assert.equal(select.source?.(object), "");
});

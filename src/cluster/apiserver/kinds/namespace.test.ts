import assert from "node:assert/strict";
import { test } from "node:test";
import type { Namespace } from "../../../kubernetes/types.ts";
import { namespace } from "./namespace.ts";
import { created, problemsOfCreate, updated } from "./testing.ts";

test("a new one is active, held by the controller, and labelled with its name", () => {
  const object = created(namespace, { metadata: { name: "a" }, status: { phase: "Terminating" } }) as Namespace;
  assert.deepEqual(object.spec, { finalizers: ["kubernetes"] });
  assert.deepEqual(object.status, { phase: "Active" });
  assert.deepEqual(object.metadata?.labels, { "kubernetes.io/metadata.name": "a" });
});

test("an update does not free it", () => {
  const old = created(namespace, { metadata: { name: "a" } });
  const object = updated(namespace, old, { metadata: { name: "a" }, spec: { finalizers: [] } }) as Namespace;
  assert.deepEqual(object.spec, { finalizers: ["kubernetes"] });
});

test("its name is one label of DNS", () => {
  const [problem = ""] = problemsOfCreate(namespace, { metadata: { name: "a.b" } });
  assert.match(problem, /^metadata\.name: Invalid value: "a\.b": a lowercase RFC 1123 label must consist/);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ingressClass } from "./ingress-class.ts";
import { created, problemsOfCreate, problemsOfUpdate } from "./testing.ts";

describe("create", () => {
  const parameters = { kind: "A", name: "b" };
  const cases: [string, object, string[]][] = [
    ["a good one", { controller: "a.example/b", parameters }, []],
    ["nothing", {}, ["spec.controller: Required value"]],
    [
      "no domain",
      { controller: "nginx" },
      ['spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    [
      "parameters in no namespace",
      { controller: "a.example/b", parameters: { ...parameters, scope: "Namespace" } },
      ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    ],
    [
      "parameters in a namespace of the cluster",
      { controller: "a.example/b", parameters: { ...parameters, namespace: "c" } },
      ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    ],
  ];
  for (const [title, spec, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfCreate(ingressClass, { spec }), problems));
  }
});

test("the controller stays", () => {
  const spec = (controller: string) => ({ spec: { controller } });
  assert.deepEqual(problemsOfUpdate(ingressClass, spec("a.example/b"), spec("a.example/c")), [
    'spec.controller: Invalid value: "a.example/c": field is immutable',
  ]);
});

test("row", () => {
  const parameters = { apiGroup: "g.example", kind: "A", name: "b" };
  const object = created(ingressClass, { metadata: { name: "x" }, spec: { controller: "a.example/b", parameters } });
  assert.deepEqual(ingressClass.row(object, 0), ["x", "a.example/b", "A.g.example/b", "<unknown>"]);
});

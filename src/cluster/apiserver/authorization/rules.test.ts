import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PolicyRule } from "../../../kubernetes/types.ts";
import type { Attributes } from "./attributes.ts";
import { ruleAllows, uncovered } from "./rules.ts";

const ask = (verb: string, resource: string, more: object = {}): Attributes => {
  const [plural = "", subresource = ""] = resource.split("/");
  return { verb, group: "", resource: plural, subresource, namespace: "", name: "", fieldSelector: "", ...more };
};
const rule = (verbs: string[], apiGroups: string[], resources: string[], resourceNames?: string[]): PolicyRule => ({
  verbs,
  apiGroups,
  resources,
  resourceNames,
});

const cases: [name: string, rule: PolicyRule, asked: Attributes, allowed: boolean][] = [
  ["the same", rule(["get"], [""], ["pods"]), ask("get", "pods"), true],
  ["another verb", rule(["get"], [""], ["pods"]), ask("list", "pods"), false],
  ["another group", rule(["get"], ["apps"], ["pods"]), ask("get", "pods"), false],
  ["any verb", rule(["*"], [""], ["pods"]), ask("delete", "pods"), true],
  ["any group", rule(["get"], ["*"], ["pods"]), ask("get", "pods"), true],
  ["any resource", rule(["get"], [""], ["*"]), ask("get", "pods/log"), true],
  ["a subresource of a resource", rule(["get"], [""], ["pods"]), ask("get", "pods/log"), false],
  ["a subresource by name", rule(["get"], [""], ["pods/log"]), ask("get", "pods/log"), true],
  ["a resource of a subresource", rule(["get"], [""], ["pods/log"]), ask("get", "pods"), false],
  ["a subresource of any", rule(["get"], [""], ["*/scale"]), ask("get", "deployments/scale"), true],
  ["a name", rule(["get"], [""], ["pods"], ["a"]), ask("get", "pods", { name: "a" }), true],
  ["another name", rule(["get"], [""], ["pods"], ["a"]), ask("get", "pods", { name: "b" }), false],
  ["no name where one is asked for", rule(["create"], [""], ["pods"], ["a"]), ask("create", "pods"), false],
  ["a path", { verbs: ["get"], nonResourceURLs: ["/version"] }, { verb: "get", path: "/version" }, true],
  ["a path below", { verbs: ["get"], nonResourceURLs: ["/api/*"] }, { verb: "get", path: "/api/v1" }, true],
  ["a path beside", { verbs: ["get"], nonResourceURLs: ["/api/*"] }, { verb: "get", path: "/apis" }, false],
  ["a resource by a path rule", { verbs: ["*"], nonResourceURLs: ["*"] }, ask("get", "pods"), false],
  ["a path by a resource rule", rule(["*"], ["*"], ["*"]), { verb: "get", path: "/version" }, false],
];

describe("a rule", () => {
  for (const [name, given, asked, allowed] of cases) {
    test(`${allowed ? "allows" : "does not allow"} ${name}`, () => assert.equal(ruleAllows(given, asked), allowed));
  }
});

const coverage: [name: string, held: PolicyRule[], wanted: PolicyRule[], missing: number][] = [
  [
    "everything by everything",
    [rule(["*"], ["*"], ["*"])],
    [rule(["get", "list"], ["", "apps"], ["pods", "pods/log"])],
    0,
  ],
  ["a star by single verbs", [rule(["get", "list"], [""], ["pods"])], [rule(["*"], [""], ["pods"])], 1],
  [
    "two rules together",
    [rule(["get"], [""], ["pods"]), rule(["list"], [""], ["pods"])],
    [rule(["get", "list"], [""], ["pods"])],
    0,
  ],
  ["all names by one name", [rule(["get"], [""], ["pods"], ["a"])], [rule(["get"], [""], ["pods"])], 1],
  ["one name by all names", [rule(["get"], [""], ["pods"])], [rule(["get"], [""], ["pods"], ["a", "b"])], 0],
  ["another name", [rule(["get"], [""], ["pods"], ["a"])], [rule(["get"], [""], ["pods"], ["a", "b"])], 1],
  [
    "a path by a wider one",
    [{ verbs: ["get"], nonResourceURLs: ["/api/*"] }],
    [{ verbs: ["get"], nonResourceURLs: ["/api/v1"] }],
    0,
  ],
  ["nothing by nothing", [], [], 0],
];

describe("rights cover others", () => {
  for (const [name, held, wanted, missing] of coverage) {
    test(name, () => assert.equal(uncovered(held, wanted).length, missing));
  }
});

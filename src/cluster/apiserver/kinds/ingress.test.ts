import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Ingress } from "../../../kubernetes/types.ts";
import { ingress } from "./ingress.ts";
import { created, problemsOfCreate } from "./testing.ts";

const backend = { service: { name: "web", port: { number: 80 } } };
const rule = (path: object, host?: string) => ({
  rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend, ...path }] } }],
});
const first = "spec.rules[0].http.paths[0]";

describe("create", () => {
  const cases: [string, object, string[]][] = [
    ["a good one", rule({}, "a.example"), []],
    ["a wildcard", rule({}, "*.example.com"), []],
    ["nothing", {}, ["spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"]],
    [
      "an address for a host",
      rule({}, "10.0.0.1"),
      ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
    ],
    ["no path type", rule({ pathType: undefined }), [`${first}.pathType: Required value: pathType must be specified`]],
    [
      "an unknown path type",
      rule({ pathType: "Regex" }),
      [`${first}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`],
    ],
    ["a relative path", rule({ path: "a" }), [`${first}.path: Invalid value: "a": must be an absolute path`]],
    ["an empty path for the implementation", rule({ path: "", pathType: "ImplementationSpecific" }), []],
    [
      "a path of many meanings",
      rule({ path: "/a/../b//c/.." }),
      [
        `${first}.path: Invalid value: "/a/../b//c/..": must not contain '//'`,
        `${first}.path: Invalid value: "/a/../b//c/..": must not contain '/../'`,
        `${first}.path: Invalid value: "/a/../b//c/..": cannot end with '/..'`,
      ],
    ],
    ["no paths", { rules: [{ http: {} }] }, ["spec.rules[0].http.paths: Required value"]],
    [
      "no backend",
      rule({ backend: {} }),
      [`${first}.backend: Required value: resource or service backend is required`],
    ],
    [
      "two backends",
      rule({ backend: { ...backend, resource: { kind: "A", name: "b" } } }),
      [`${first}.backend: Invalid value: "": cannot set both resource and service backends`],
    ],
    [
      "a port by name and number",
      rule({ backend: { service: { name: "web", port: { name: "a", number: 1 } } } }),
      [`${first}.backend.service: Invalid value: "": cannot set both port name & port number`],
    ],
    [
      "no port",
      { defaultBackend: { service: { name: "web" } } },
      ["spec.defaultBackend.service: Required value: port name or number is required"],
    ],
  ];
  for (const [title, spec, problems] of cases) {
    // undefined has no place in a body.
    const body = JSON.parse(JSON.stringify({ spec }));
    test(title, () => assert.deepEqual(problemsOfCreate(ingress, body), problems));
  }
});

test("row", () => {
  const rules = ["a", "b", "c", "d"].map((host) => ({ host }));
  const body = { metadata: { name: "web" }, spec: { ingressClassName: "x", rules, tls: [{ hosts: ["a"] }] } };
  const status = { loadBalancer: { ingress: [{ ip: "1.2.3.4" }, { hostname: "lb" }] } };
  const object = { ...created(ingress, body), status } as Ingress;
  assert.deepEqual(ingress.row(object, 0), ["web", "x", "a,b,c + 1 more...", "1.2.3.4,lb", "80, 443", "<unknown>"]);
  assert.deepEqual(ingress.row({ metadata: { name: "web" } }, 0), ["web", "<none>", "*", "", "80", "<unknown>"]);
});

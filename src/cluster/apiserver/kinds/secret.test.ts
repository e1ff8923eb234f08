import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Secret } from "../../../kubernetes/types.ts";
import { secret } from "./secret.ts";
import { created, problemsOfCreate, problemsOfUpdate } from "./testing.ts";

test("stringData goes into data, where it wins", () => {
  const object = created(secret, { data: { a: "YQ==", b: "YQ==" }, stringData: { b: "é" } }) as Secret;
  assert.deepEqual(object.data, { a: "YQ==", b: "w6k=" });
  assert.equal(object.stringData, undefined);
  assert.equal(object.type, "Opaque");
});

describe("create", () => {
  const cases: [string, object, string[]][] = [
    ["any keys", { data: { a: "" } }, []],
    [
      "TLS without its files",
      { type: "kubernetes.io/tls" },
      ["data[tls.crt]: Required value", "data[tls.key]: Required value"],
    ],
    [
      "a token of nobody",
      { type: "kubernetes.io/service-account-token" },
      ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
    ],
    [
      "basic auth with neither name nor password",
      { type: "kubernetes.io/basic-auth" },
      ["data[username]: Required value", "data[password]: Required value"],
    ],
    [
      "a docker configuration that is none",
      { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": "YQ==" } },
      ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be JSON'],
    ],
    ["too large", { data: { a: "AAAA".repeat(349526) } }, ["data: Too long: may not be more than 1048576 bytes"]],
  ];
  for (const [title, body, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfCreate(secret, body), problems));
  }
});

test("the type stays", () => {
  assert.deepEqual(problemsOfUpdate(secret, { type: "a" }, { type: "b" }), [
    'type: Invalid value: "b": field is immutable',
  ]);
});

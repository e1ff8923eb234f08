import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ObjectMeta } from "../../../../kubernetes/types.ts";
import { print } from "../testing.ts";
import { validateMetadata, validateMetadataUpdate } from "./metadata.ts";

const labelWords =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const keyWords =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "a", uid: "u" };

describe("metadata", () => {
  const cases: [string, ObjectMeta, string[]][] = [
    ["nothing", {}, ["metadata.name: Required value: name or generateName is required"]],
    ["a generated name", { name: "a-x", generateName: "a-" }, []],
    ["labels", { name: "a", labels: { "a.b/c": "D_e.f", x: "" } }, []],
    ["a label value", { name: "a", labels: { a: "b c" } }, [`metadata.labels: Invalid value: "b c": ${labelWords}`]],
    ["a label key", { name: "a", labels: { "a b": "" } }, [`metadata.labels: Invalid value: "a b": ${keyWords}`]],
    [
      "a long label value",
      { name: "a", labels: { a: "b".repeat(64) } },
      [`metadata.labels: Invalid value: "${"b".repeat(64)}": must be no more than 63 bytes`],
    ],
    ["annotations of any case", { name: "a", annotations: { "Example.com/A": "b c" } }, []],
    [
      "large annotations",
      { name: "a", annotations: { a: "x".repeat(262144) } },
      ["metadata.annotations: Too long: may not be more than 262144 bytes"],
    ],
    [
      "a finalizer without a domain",
      { name: "a", finalizers: ["mine"] },
      [
        'metadata.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
      ],
    ],
    ["standard finalizers", { name: "a", finalizers: ["foregroundDeletion", "example.com/x"] }, []],
    ["an owner", { name: "a", ownerReferences: [owner] }, []],
    [
      "an owner without uid",
      { name: "a", ownerReferences: [{ ...owner, uid: "" }] },
      ['metadata.ownerReferences.uid: Invalid value: "": must not be empty'],
    ],
  ];
  for (const [title, metadata, problems] of cases) {
    test(title, () => assert.deepEqual(print(validateMetadata(metadata, "subdomain")), problems));
  }
  test("only one owner controls", () => {
    const ownerReferences = [1, 2].map((index) => ({ ...owner, name: `a${index}`, controller: true }));
    const [problem = ""] = print(validateMetadata({ name: "a", ownerReferences }, "subdomain"));
    const words = 'Only one reference can have Controller set to true. Found "true" in references for a1 and a2';
    assert.ok(problem.endsWith(words), problem);
  });
  test("a name of an RBAC object", () => {
    assert.deepEqual(print(validateMetadata({ name: "system:node:a" }, "path")), []);
    const problem = ["metadata.name: Invalid value: \"a/b\": may not contain '/'"];
    assert.deepEqual(print(validateMetadata({ name: "a/b" }, "path")), problem);
  });
});

describe("updates of metadata", () => {
  test("the name stays", () => {
    const errors = print(validateMetadataUpdate({ name: "b" }, { name: "a" }));
    assert.deepEqual(errors, ['metadata.name: Invalid value: "b": field is immutable']);
  });
  test("no finalizer joins an object that is being deleted", () => {
    const old = { name: "a", deletionTimestamp: "2026-01-02T03:04:05Z", finalizers: ["a.b/c"] };
    assert.deepEqual(print(validateMetadataUpdate({ ...old, finalizers: [] }, old)), []);
    assert.deepEqual(print(validateMetadataUpdate({ ...old, finalizers: ["a.b/c", "a.b/d"] }, old)), [
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a.b/d"}',
    ]);
  });
});

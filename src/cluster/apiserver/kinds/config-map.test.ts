import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configMap } from "./config-map.ts";
import { problemsOfCreate, problemsOfUpdate } from "./testing.ts";

const keyWords =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

describe("create", () => {
  const cases: [string, object, string[]][] = [
    ["a good one", { data: { "a.b": "c" }, binaryData: { d: "YQ==" } }, []],
    ["a bad key", { data: { "a/b": "" } }, [`data[a/b]: Invalid value: "a/b": ${keyWords}`]],
    [
      "one key twice",
      { data: { a: "" }, binaryData: { a: "" } },
      ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    ],
    ["a mebibyte", { data: { a: "x".repeat(1048576) } }, []],
    ["more than that", { data: { a: "x".repeat(1048577) } }, ["[]: Too long: may not be more than 1048576 bytes"]],
  ];
  for (const [title, body, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfCreate(configMap, body), problems));
  }
});

describe("update of an immutable one", () => {
  const before = { immutable: true, data: { a: "1" } };
  const cases: [string, object, string[]][] = [
    ["labels may change", { ...before, metadata: { name: "a", labels: { b: "c" } } }, []],
    ["data may not", { ...before, data: { a: "2" } }, ["data: Forbidden: field is immutable when `immutable` is set"]],
    ["it stays immutable", { data: { a: "1" } }, ["immutable: Forbidden: field is immutable when `immutable` is set"]],
  ];
  for (const [title, after, problems] of cases) {
    test(title, () => assert.deepEqual(problemsOfUpdate(configMap, before, after), problems));
  }
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { JsonPatchError, jsonPatch } from "./json-patch.ts";

type Operation = Record<string, unknown>;

const cases: [name: string, document: string, patch: Operation[], result: string][] = [
  ["adds a member", '{"foo":"bar"}', [{ op: "add", path: "/baz", value: "qux" }], '{"foo":"bar","baz":"qux"}'],
  ["adds an element", '{"foo":["a","b"]}', [{ op: "add", path: "/foo/1", value: "x" }], '{"foo":["a","x","b"]}'],
  ["appends an element", '{"foo":["a"]}', [{ op: "add", path: "/foo/-", value: ["b"] }], '{"foo":["a",["b"]]}'],
  ["replaces a member by add", '{"foo":1}', [{ op: "add", path: "/foo", value: 2 }], '{"foo":2}'],
  ["removes a member", '{"baz":1,"foo":2}', [{ op: "remove", path: "/baz" }], '{"foo":2}'],
  ["removes an element", '{"foo":["a","b","c"]}', [{ op: "remove", path: "/foo/1" }], '{"foo":["a","c"]}'],
  ["replaces a value", '{"baz":1}', [{ op: "replace", path: "/baz", value: null }], '{"baz":null}'],
  ["moves a value", '{"a":{"x":1},"b":{}}', [{ op: "move", from: "/a/x", path: "/b/y" }], '{"a":{},"b":{"y":1}}'],
  ["moves an element", '{"a":[1,2,3]}', [{ op: "move", from: "/a/0", path: "/a/2" }], '{"a":[2,3,1]}'],
  ["copies a value", '{"a":{"x":1}}', [{ op: "copy", from: "/a", path: "/b" }], '{"a":{"x":1},"b":{"x":1}}'],
  ["tests a value", '{"a":[1,{"b":2}]}', [{ op: "test", path: "/a", value: [1, { b: 2 }] }], '{"a":[1,{"b":2}]}'],
  ["tests for absence", "{}", [{ op: "test", path: "/a", value: null }], "{}"],
  [
    "reads escapes",
    '{"/":1,"~1":2}',
    [
      { op: "test", path: "/~01", value: 2 },
      { op: "remove", path: "/~1" },
    ],
    '{"~1":2}',
  ],
  ["replaces everything", '{"a":1}', [{ op: "replace", path: "", value: [1] }], "[1]"],
  ["keeps prototypes out", "{}", [{ op: "add", path: "/__proto__", value: { a: 1 } }], '{"__proto__":{"a":1}}'],
];

const failures: [name: string, patch: unknown, message: RegExp, malformed: boolean][] = [
  ["no list", {}, /^a JSON patch is a list of operations$/, true],
  ["no operation", [1], /^operation 0 of the JSON patch is no object$/, true],
  ["an unknown op", [{ op: "merge", path: "/a" }], /has the unknown op "merge": use add, remove/, true],
  ["no path", [{ op: "remove" }], /has no path$/, true],
  ["a path that is none", [{ op: "remove", path: "a" }], /has the bad path "a"$/, true],
  ["no value", [{ op: "add", path: "/a" }], /has no value$/, true],
  ["no from", [{ op: "move", path: "/a" }], /has no from$/, true],
  ["a move into itself", [{ op: "move", from: "/list", path: "/list/0/x" }], /^cannot move \/list into itself$/, true],
  [
    "too many operations",
    Array.from({ length: 10_001 }, () => ({})),
    /maximum operations in a JSON patch is 10000, got 10001$/,
    true,
  ],
  ["a failing test", [{ op: "test", path: "/a", value: 2 }], /^testing path \/a failed: the value differs$/, false],
  ["a missing member", [{ op: "remove", path: "/b" }], /^\/b does not exist$/, false],
  ["a missing parent", [{ op: "add", path: "/b/c", value: 1 }], /^\/b does not exist$/, false],
  ["an index past the end", [{ op: "add", path: "/list/3", value: 1 }], /"3" is no index of a list of 1$/, false],
  ["an index that is none", [{ op: "remove", path: "/list/01" }], /"01" is no index of a list of 1$/, false],
  ["a member of a number", [{ op: "replace", path: "/a/b", value: 1 }], /^\/a\/b does not exist$/, false],
];

describe("a JSON patch", () => {
  for (const [name, document, patch, result] of cases) {
    test(name, () => assert.equal(JSON.stringify(jsonPatch(JSON.parse(document), patch)), result));
  }
  for (const [name, patch, message, malformed] of failures) {
    test(`is refused for ${name}`, () => {
      assert.throws(
        () => jsonPatch({ a: 1, list: [{}] }, patch),
        (error) => error instanceof JsonPatchError && message.test(error.message) && error.malformed === malformed,
      );
    });
  }

  test("does nothing but throw JsonPatchError, and never changes a prototype, whatever it is", () => {
    const pointer = fc
      .array(fc.constantFrom("a", "list", "0", "-", "__proto__", "constructor", ""))
      .map((parts) => parts.map((part) => `/${part}`).join(""));
    const operation = fc.record({
      op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test"),
      path: pointer,
      from: pointer,
      value: fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 5 }), (patch) => {
        try {
          jsonPatch({ a: { a: 1 }, list: [1, { a: 2 }] }, patch);
        } catch (error) {
          assert.ok(error instanceof JsonPatchError, String(error));
        }
        assert.deepEqual(Object.keys(Object.prototype), []);
        assert.deepEqual(Object.keys(Array.prototype), []);
      }),
    );
  });
});

test("copies cannot nest deeper than the stack is, and paths have an end", () => {
  const deep = `/data${"/a".repeat(998)}`;
  const refused = (patch: Operation[], message: RegExp) =>
    assert.throws(
      () => JSON.stringify(jsonPatch({ data: { a: {} } }, patch)),
      (error) => error instanceof JsonPatchError && message.test(error.message),
    );
  refused(
    [{ op: "remove", path: `${deep}/a/a` }],
    /^operation 0 of the JSON patch has the bad path "\/data\/a.{190,}"$/,
  );
  const doubling = Array.from({ length: 9 }, (_, n) => ({
    op: "copy",
    from: "/data",
    path: `/data${"/a".repeat(2 ** n)}`,
  }));
  const more = Array.from({ length: 100 }, () => ({ op: "copy", from: "/data", path: `/data${"/a".repeat(512)}` }));
  refused([...doubling, ...more], /nested too deep|accumulated size/);
});

test("copies of copies are bounded", () => {
  const copies = Array.from({ length: 60 }, (_, n) => ({ op: "copy", from: "/data", path: `/data/k${n}` }));
  assert.throws(
    () => jsonPatch({ data: { a: "x" } }, copies),
    (error) => error instanceof JsonPatchError && !error.malformed && /accumulated size.*3145728$/.test(error.message),
  );
});

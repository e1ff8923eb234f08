import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseJson } from "./parse-json.ts";

describe("parseJson", () => {
  const cases: [string, string[]][] = [
    ['{"a":1,"b":{"a":2}}', []],
    ['{"a":1,"a":2}', ["a"]],
    ['{"spec":{"ports":[{"port":1},{"port":2,"name":"x","port":3}]}}', ["spec.ports[1].port"]],
    ['{"a":"a\\",\\"a\\":1","b":"a"}', []],
    ['{"a":1,"\\u0061":2}', ["a"]],
    ['[[1,{"x":{},"x":[]}]]', ["[0][1].x"]],
    ['{"a":1,"a":2,"a":3}', ["a", "a"]],
    ['"a"', []],
  ];
  for (const [text, duplicateFields] of cases) {
    test(text, () => assert.deepEqual(parseJson(text), { ok: true, value: JSON.parse(text), duplicateFields }));
  }
  for (const text of ["", "{", '{"a":}', "{'a':1}", '{"a":1}}']) {
    test(`"${text}" is no JSON`, () => assert.equal(parseJson(text).ok, false));
  }
  test("what nests too deeply is refused, however it is made", () => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const text = `${open.repeat(1001)}1${close.repeat(1001)}`;
      assert.deepEqual(parseJson(text), { ok: false, message: "exceeded max depth of 1000" });
    }
  });
  test("what JSON.stringify writes has no duplicates and is read the same", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        assert.deepEqual(parseJson(text), { ok: true, value: JSON.parse(text), duplicateFields: [] });
      }),
    );
  });
  test("any text is read or refused, never thrown at", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => typeof parseJson(text).ok === "boolean"));
  });
});

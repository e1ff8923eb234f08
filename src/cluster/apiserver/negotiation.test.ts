import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeContinue, encodeContinue } from "./continue-token.ts";
import { negotiate } from "./negotiation.ts";

const none = new URLSearchParams();
const table = (version: string) => `application/json;as=Table;v=${version};g=meta.k8s.io`;

describe("the representation is chosen by Accept", () => {
  const cases: [accept: string | undefined, expected: string][] = [
    [undefined, "object"],
    ["", "object"],
    ["*/*", "object"],
    ["application/json", "object"],
    ["application/vnd.kubernetes.protobuf,application/json", "object"],
    [`${table("v1")},${table("v1beta1")},application/json`, "table v1"],
    [`${table("v2")},${table("v1beta1")},application/json`, "table v1beta1"],
    ["application/json; as=Table; v=v1; g=meta.k8s.io", "table v1"],
    ["application/json;as=Table;v=v1;g=other,application/json", "object"],
    ["application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "metadata v1"],
    ["application/yaml,application/json;q=0.5", "object"],
  ];
  for (const [accept, expected] of cases) {
    test(accept ?? "none", () => {
      const found = negotiate(accept, none);
      assert.equal(found.as === "object" ? "object" : `${found.as} ${found.version}`, expected);
    });
  }
  test("and refused when there is none", () =>
    assert.throws(() => negotiate("text/html", none), /only the following media types/));
  test("with the objects that a table shall hold", () => {
    const read = (value: string) => negotiate(table("v1"), new URLSearchParams({ includeObject: value }));
    assert.deepEqual(read("Object"), { as: "table", version: "v1", includeObject: "Object" });
    assert.throws(() => read("Everything"), /unrecognized includeObject value: "Everything"/);
  });
});

describe("a continue token", () => {
  test("is read back", () => {
    const place = { revision: 12, after: "default/a" };
    assert.deepEqual(decodeContinue(encodeContinue(place)), place);
  });
  for (const token of ["", "x", "e30", Buffer.from('{"v":"fairway/v1","rv":1.5,"after":"a"}').toString("base64url")]) {
    test(`${JSON.stringify(token)} is refused`, () =>
      assert.throws(() => decodeContinue(token), /continue key is not valid/));
  }
});

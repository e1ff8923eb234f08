import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kinds } from "../index.ts";
import { createOpenApi } from "./documents.ts";
import type { Json } from "./models.ts";
import { encodeV2 } from "./protobuf.ts";
import { buildV2 } from "./v2.ts";

const openApi = createOpenApi(kinds);
const protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

function json(path: string): Json {
  const answer = openApi(path, "application/json");
  assert.equal(answer?.contentType, "application/json", path);
  return JSON.parse(answer.body.toString("utf8")) as Json;
}

/** Every "$ref" in a document. */
function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === "$ref" ? [String(inner)] : references(inner)));
}

describe("version 3", () => {
  const { paths } = json("/openapi/v3") as { paths: Record<string, { serverRelativeURL: string }> };
  test("there is a document for each group", () => {
    assert.deepEqual(Object.keys(paths).sort(), [
      "api/v1",
      "apis/apps/v1",
      "apis/coordination.k8s.io/v1",
      "apis/discovery.k8s.io/v1",
      "apis/networking.k8s.io/v1",
      "apis/rbac.authorization.k8s.io/v1",
    ]);
  });
  for (const [group, { serverRelativeURL }] of Object.entries(paths)) {
    test(`${group} is complete`, () => {
      const path = new URL(serverRelativeURL, "https://a").pathname;
      const document = json(path) as { paths: object; components: { schemas: Record<string, object> } };
      for (const reference of references(document)) {
        assert.ok(document.components.schemas[reference.replace("#/components/schemas/", "")], reference);
      }
      assert.ok(Object.keys(document.paths).every((key) => key.startsWith(`/${group}/`)));
    });
  }
  test("a kind can be found by group, version and kind, and says how it is patched", () => {
    const { components, paths: operations } = json("/openapi/v3/apis/apps/v1") as {
      components: { schemas: Record<string, Record<string, Json>> };
      paths: Record<string, { patch?: { requestBody: { content: object }; parameters: { name: string }[] } }>;
    };
    const deployment = components.schemas["io.k8s.api.apps.v1.Deployment"];
    assert.deepEqual(deployment?.["x-kubernetes-group-version-kind"], [
      { group: "apps", kind: "Deployment", version: "v1" },
    ]);
    const containers = components.schemas["io.k8s.api.core.v1.PodSpec"]?.properties?.containers as Json;
    assert.equal(containers["x-kubernetes-patch-merge-key"], "name");
    assert.equal(containers["x-kubernetes-patch-strategy"], "merge");
    const patch = operations["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]?.patch;
    assert.ok(patch !== undefined && "application/strategic-merge-patch+json" in patch.requestBody.content);
    assert.ok(patch.parameters.some(({ name }) => name === "fieldValidation"));
  });
  test("what there is not", () => {
    for (const path of ["/openapi/v3/", "/openapi/v3/api/v2", "/openapi/v4", "/openapi/v3/__proto__"]) {
      assert.equal(openApi(path, "*/*"), undefined, path);
    }
  });
});

describe("version 2", () => {
  test("is complete", () => {
    const document = json("/openapi/v2") as { definitions: Record<string, object> };
    for (const reference of references(document)) {
      assert.ok(document.definitions[reference.replace("#/definitions/", "")], reference);
    }
  });
  test("as protobuf, under a name that media type parsers take", () => {
    const answer = openApi("/openapi/v2", `${protobuf},application/json`);
    assert.equal(answer?.contentType, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
    assert.deepEqual(answer.body, encodeV2(buildV2(kinds)));
  });
  test("the protobuf form holds the same models", () => {
    const document = buildV2(kinds) as { definitions: Record<string, Json> };
    const named = fieldsOf(field(encodeV2(document), 9), 1);
    const models = Object.fromEntries(named.map((pair) => [text(pair, 1), decodeSchema(field(pair, 2))]));
    assert.deepEqual(models, document.definitions);
  });
  test("a key without a field is no secret", () => {
    assert.throws(() => encodeV2({ swagger: "2.0", host: "a" }), /Document has no field host/);
    assert.throws(() => encodeV2({ "x-a": 1 }), /Document has no place for x-a/);
  });
});

/** The contents of all length-delimited fields with a number; the only wire type here. */
function fieldsOf(message: Buffer, number: number): Buffer[] {
  const found: Buffer[] = [];
  let position = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[position++]!;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (position < message.length) {
    const key = varint();
    assert.equal(key & 7, 2);
    const length = varint();
    if (key >> 3 === number) found.push(message.subarray(position, position + length));
    position += length;
  }
  assert.equal(position, message.length);
  return found;
}
function field(message: Buffer, number: number): Buffer {
  return fieldsOf(message, number)[0] ?? Buffer.alloc(0);
}
function text(message: Buffer, number: number): string {
  return field(message, number).toString("utf8");
}

/** Reads a Schema message by the field numbers of OpenAPIv2.proto. */
function decodeSchema(message: Buffer): Json {
  const schema: Json = {};
  if (text(message, 22) !== "") schema.type = text(field(message, 22), 1);
  if (text(message, 1) !== "") schema.$ref = text(message, 1);
  if (text(message, 2) !== "") schema.format = text(message, 2);
  const required = fieldsOf(message, 19).map(String);
  if (required.length > 0) schema.required = required;
  for (const [key, number] of [
    ["items", 23],
    ["additionalProperties", 21],
  ] as const) {
    const [inner] = fieldsOf(message, number);
    if (inner !== undefined) schema[key] = decodeSchema(field(inner, 1));
  }
  const properties = fieldsOf(field(message, 25), 1).map((pair) => [text(pair, 1), decodeSchema(field(pair, 2))]);
  if (properties.length > 0) schema.properties = Object.fromEntries(properties);
  for (const extension of fieldsOf(message, 31)) {
    schema[text(extension, 1)] = JSON.parse(text(field(extension, 2), 2));
  }
  return schema;
}

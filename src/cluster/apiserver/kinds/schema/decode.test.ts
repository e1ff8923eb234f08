import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Ajv } from "ajv";
import fc from "fast-check";
import { isQuantity } from "../../../../kubernetes/quantity.ts";
import { decode } from "../decode.ts";
import { deployment } from "../deployment.ts";
import type { Schema } from "../descriptor.ts";
import { kinds } from "../index.ts";
import { arbitraryOf } from "../testing.ts";
import { decodeValue } from "./decode.ts";
import { definitions, resolve, typeNamed } from "./definitions.ts";

describe("what the decoder refuses", () => {
  const cannot = 'Deployment in version "v1" cannot be handled as a Deployment: ';
  const container = (fields: object) => ({ spec: { template: { spec: { containers: [{ name: "a", ...fields }] } } } });
  const cases: [string, unknown, string][] = [
    ["a list", [], "the object provided is unrecognized (must be of type Deployment): it is no JSON object"],
    ["null", null, "the object provided is unrecognized (must be of type Deployment): it is no JSON object"],
    [
      "another version",
      { apiVersion: "v1", kind: "Deployment" },
      "the API version in the data (v1) does not match the expected API version (apps/v1)",
    ],
    [
      "another kind",
      { apiVersion: "apps/v1", kind: "Pod" },
      'Pod in version "v1" cannot be handled as a Deployment: the kind in the data (Pod) does not match the expected kind (Deployment)',
    ],
    [
      "a string for a number",
      { spec: { replicas: "2" } },
      `${cannot}json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`,
    ],
    [
      "a fraction",
      { spec: { replicas: 1.5 } },
      `${cannot}json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32`,
    ],
    [
      "a number past 32 bits",
      { spec: { replicas: 2147483648 } },
      `${cannot}json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32`,
    ],
    [
      "a number for text",
      container({ env: [{ name: "A", value: 1 }] }),
      `${cannot}json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string`,
    ],
    [
      "a map for a list",
      { spec: { template: { spec: { containers: {} } } } },
      `${cannot}json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container`,
    ],
    [
      "a list for a map",
      { metadata: { labels: ["a"] } },
      `${cannot}json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string`,
    ],
    [
      "a word for a truth",
      { spec: { paused: "yes" } },
      `${cannot}json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool`,
    ],
    [
      "a bad quantity",
      container({ resources: { limits: { cpu: "one" } } }),
      `${cannot}quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$': field spec.template.spec.containers[0].resources.limits.cpu`,
    ],
    [
      "an unknown field",
      { spec: { replikas: 2, template: { spec: { containers: [{ img: "a" }] } } } },
      `${cannot}strict decoding error: unknown field "spec.replikas", unknown field "spec.template.spec.containers[0].img"`,
    ],
  ];
  for (const [title, value, message] of cases) {
    test(title, () => assert.deepEqual(decode(deployment, value, "Strict"), { ok: false, message }));
  }
  test("duplicate fields that the parser found, when strict", () => {
    assert.deepEqual(decode(deployment, {}, "Strict", ["spec.replicas"]), {
      ok: false,
      message: `${cannot}strict decoding error: duplicate field "spec.replicas"`,
    });
  });
  test("base64 that is none", () => {
    const result = decodeValue(typeNamed("core.Secret"), { data: { a: "*" } });
    assert.deepEqual(result, { ok: false, message: "illegal base64 data in field data.a" });
  });
  test("more entries than any object has", () => {
    const many = (count: number) => ({
      spec: { template: { spec: { volumes: Array.from({ length: count }, () => ({})) } } },
    });
    assert.ok(decode(deployment, many(20_000), "Strict").ok);
    assert.deepEqual(decode(deployment, many(20_001), "Strict"), {
      ok: false,
      message: `${cannot}spec.template.spec.volumes: an object may have at most 20000 list and map entries in all`,
    });
  });
  test("a time that is none", () => {
    const result = decodeValue(typeNamed("coordination.Lease"), { spec: { renewTime: "yesterday" } });
    assert.equal(result.ok, false);
  });
});

describe("what the decoder keeps", () => {
  test("unknown fields become warnings, or nothing", () => {
    const body = { spec: { foo: 1 } };
    const object = { apiVersion: "apps/v1", kind: "Deployment", spec: {} };
    assert.deepEqual(decode(deployment, body, "Warn"), { ok: true, object, warnings: ['unknown field "spec.foo"'] });
    assert.deepEqual(decode(deployment, body, "Ignore"), { ok: true, object, warnings: [] });
  });
  test("null is absent in an object and a zero in a list", () => {
    const body = { spec: { replicas: null, template: { spec: { containers: [null], volumes: null } } } };
    const result = decode(deployment, body, "Strict");
    assert.ok(result.ok);
    assert.deepEqual((result.object as { spec?: unknown }).spec, { template: { spec: { containers: [{}] } } });
  });
  test("hostile names in maps stay keys", () => {
    const labels = JSON.parse('{"__proto__": "a", "constructor": "b"}');
    const result = decodeValue(typeNamed("core.ConfigMap"), { data: labels });
    assert.ok(result.ok);
    const { data } = result.value as { data: object };
    assert.deepEqual(Object.entries(data), [
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    assert.equal(Object.getPrototypeOf(data), Object.prototype);
  });
  test("hostile names of fields are unknown fields", () => {
    const result = decodeValue(typeNamed("core.ConfigMap"), JSON.parse('{"__proto__": 1, "constructor": 1}'));
    assert.deepEqual(result, { ok: true, value: {}, unknownFields: ["__proto__", "constructor"] });
  });
  test("the list of unknown fields is bounded", () => {
    const body = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`x${index}`, 1]));
    const result = decodeValue(typeNamed("core.Pod"), body);
    assert.equal(result.ok && result.unknownFields.length, 100);
  });
});

test("no type contains itself: that bounds the recursion of the decoder", () => {
  const visit = (schema: Schema, above: string[]): void => {
    if (schema.type === "list") visit(schema.items, above);
    else if (schema.type === "map") visit(schema.values, above);
    if (schema.type !== "ref") return;
    assert.ok(!above.includes(schema.name), [...above, schema.name].join(" > "));
    const type = resolve(schema);
    if (type.type === "object") for (const field of Object.values(type.fields)) visit(field, [...above, schema.name]);
  };
  for (const { schema } of kinds) visit(schema, []);
});

describe("properties", () => {
  test("any JSON value is read or refused, never thrown at, and what is read is read the same again", () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.jsonValue({ maxDepth: 6 }), (kind, value) => {
        const first = decodeValue(kind.schema, value);
        if (!first.ok) return assert.notEqual(first.message, "");
        assert.deepEqual(decodeValue(kind.schema, first.value), { ok: true, value: first.value, unknownFields: [] });
      }),
    );
  });

  test("the decoder agrees with ajv on what fits", () => {
    const ajv = new Ajv({ strict: false, formats: ajvFormats });
    ajv.addSchema({ $id: "types", definitions: Object.fromEntries(Object.keys(definitions).map(ajvDefinition)) });
    for (const kind of kinds) {
      const name = kind.schema.type === "ref" ? kind.schema.name : "";
      const fits = ajv.compile({ $ref: `types#/definitions/${name}` });
      const value = arbitraryOf(kind.schema).chain((body) => fc.oneof(fc.constant(body), damaged(body)));
      fc.assert(
        fc.property(value, (body) => {
          const decoded = decodeValue(kind.schema, body);
          const strictly = decoded.ok && decoded.unknownFields.length === 0;
          assert.equal(fits(body), strictly, decoded.ok ? decoded.unknownFields.join() : decoded.message);
        }),
        { numRuns: 30 },
      );
    }
  });
});

/** The value with one thing somewhere inside replaced by something else. */
function damaged(value: unknown): fc.Arbitrary<unknown> {
  const replacement = fc.constantFrom<unknown>(1, -2147483649, 1.5, "x", true, {}, [], { x: 1 }, ["x"]);
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return replacement;
  return fc.constantFrom(...Object.keys(value)).chain((key) =>
    damaged((value as Record<string, unknown>)[key]).map((inner) => {
      const copy = structuredClone(value) as Record<string, unknown>;
      Object.defineProperty(copy, key, { value: inner, enumerable: true, writable: true, configurable: true });
      return copy;
    }),
  );
}

const ajvFormats = {
  byte: (text: string) => Buffer.from(text, "base64").toString("base64") === text,
  quantity: isQuantity,
  "date-time": (text: string) => new Date(text).toJSON() !== null && text.includes("T"),
  "micro-time": (text: string) => new Date(text).toJSON() !== null && text.includes("T"),
};

function ajvDefinition(name: string): [string, object] {
  const type = definitions[name]!;
  const properties = Object.fromEntries(Object.entries(type.fields).map(([field, schema]) => [field, ajvOf(schema)]));
  return [name, { type: "object", properties, additionalProperties: false }];
}

/** An independent reading of the notation, as JSON Schema. */
function ajvOf(schema: Schema): object {
  switch (schema.type) {
    case "ref":
      return { $ref: `#/definitions/${schema.name}` };
    case "list":
      return { type: "array", items: ajvOf(schema.items) };
    case "map":
      return { type: "object", additionalProperties: ajvOf(schema.values) };
    case "integer": {
      const limit = schema.format === "int32" ? 2 ** 31 : 2 ** 63;
      return { type: "integer", minimum: -limit, exclusiveMaximum: limit };
    }
    case "int-or-string":
      return { anyOf: [{ type: "string" }, { type: "integer", minimum: -(2 ** 31), exclusiveMaximum: 2 ** 31 }] };
    case "string":
      // A quantity may be written as a number.
      if (schema.format === "quantity") return { anyOf: [{ type: "string", format: "quantity" }, { type: "number" }] };
      return schema.format === undefined ? { type: "string" } : { type: "string", format: schema.format };
    case "any":
      return {};
    default:
      return { type: schema.type };
  }
}

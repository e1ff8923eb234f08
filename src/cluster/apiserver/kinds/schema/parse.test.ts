import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Schema } from "../descriptor.ts";
import { definitions, resolve } from "./definitions.ts";
import { parseTypes } from "./parse.ts";

describe("the notation of types", () => {
  test("every form", () => {
    const { "core.A": type } = parseTypes(
      "core.A\n a! string\n b [core.B] merge=name keys=name,kind\n c {byte} atomic\n d [string] merge=\n e core.B retainKeys",
    );
    assert.deepEqual(type?.required, ["a"]);
    assert.deepEqual(
      { ...type?.fields },
      {
        a: { type: "string" },
        b: { type: "list", items: { type: "ref", name: "core.B" }, mergeKey: "name", listMapKeys: ["name", "kind"] },
        c: { type: "map", values: { type: "string", format: "byte" }, atomic: true },
        d: { type: "list", items: { type: "string" }, mergeKey: "", listMapKeys: undefined },
        e: { type: "ref", name: "core.B", retainKeys: true },
      },
    );
  });
  for (const text of [" a string", "core.A\n a string merge=name", "core.A\n a [string] sometimes"]) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseTypes(text)));
  }
  test("every type that is named exists", () => {
    const visit = (schema: Schema): void => {
      if (schema.type === "list") visit(schema.items);
      else if (schema.type === "map") visit(schema.values);
      else resolve(schema);
    };
    for (const { fields } of Object.values(definitions)) Object.values(fields).forEach(visit);
  });
  test("entries merge by fields that they have", () => {
    for (const { name, fields } of Object.values(definitions)) {
      for (const [field, schema] of Object.entries(fields)) {
        if (schema.type !== "list" || !schema.mergeKey) continue;
        const items = resolve(schema.items);
        assert.ok(items.type === "object" && schema.mergeKey in items.fields, `${name}.${field}`);
        for (const key of schema.listMapKeys ?? []) assert.ok(key in items.fields, `${name}.${field} ${key}`);
      }
    }
  });
  /** Spot checks against the API reference of Kubernetes 1.36. */
  const spots: [string, string, string | undefined][] = [
    ["core.ServiceSpec", "ports", "port"],
    ["core.Container", "ports", "containerPort"],
    ["core.PodSpec", "containers", "name"],
    ["core.PodSpec", "tolerations", undefined],
    ["meta.ObjectMeta", "ownerReferences", "uid"],
    ["meta.ObjectMeta", "finalizers", ""],
    ["discovery.EndpointSlice", "endpoints", undefined],
  ];
  for (const [type, field, mergeKey] of spots) {
    test(`${type}.${field} merges by ${mergeKey}`, () => {
      const schema = definitions[type]?.fields[field];
      assert.equal(schema?.type === "list" ? schema.mergeKey : "no list", mergeKey);
    });
  }
  test("fields of the newest versions are known", () => {
    assert.ok(definitions["core.ServiceSpec"]?.fields.trafficDistribution);
    assert.ok(definitions["discovery.EndpointHints"]?.fields.forNodes);
    assert.ok(definitions["core.PodStatus"]?.fields.hostIPs);
  });
});

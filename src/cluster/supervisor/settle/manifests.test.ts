import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ManifestError, parseManifests, readManifests } from "./manifests.ts";

const example = new URL("../../../../examples/nodeport.yaml", import.meta.url);

describe("manifests", () => {
  test("of the example are read with file and line", async () => {
    const found = parseManifests(await readFile(example, "utf8"), "nodeport.yaml");
    assert.deepEqual(
      found.map(({ source, resource, object }) => [source, resource.plural, object.metadata.name]),
      [
        ["nodeport.yaml:2", "services", "webapp1-nodeport-svc"],
        ["nodeport.yaml:16", "deployments", "webapp1-nodeport-deployment"],
      ],
    );
  });

  test("are read as YAML 1.1, dates staying text", () => {
    const [found] = parseManifests(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {day: 2026-01-02}}\ndata: {mode: 0644, on: yes}",
      "f",
    );
    const { metadata, data } = found!.object as unknown as { metadata: { annotations: object }; data: object };
    assert.deepEqual([metadata.annotations, data], [{ day: "2026-01-02" }, { mode: 420, true: true }]);
  });

  test("hold lists, empty documents and JSON", () => {
    const item = (name: string) => ({ apiVersion: "v1", kind: "Service", metadata: { name } });
    const list = { apiVersion: "v1", kind: "List", items: [item("a"), item("b")] };
    const found = parseManifests(`---\n# nothing\n---\n${JSON.stringify(list)}\n---\n`, "f");
    assert.deepEqual(
      found.map(({ object }) => object.metadata.name),
      ["a", "b"],
    );
  });

  const bad: [text: string, message: RegExp][] = [
    ["a: b\n c: d\n", /^f\.yaml:1:4: Nested mappings/],
    ["# first\n---\n\nkind: [a\n", /^f\.yaml:5:1: /],
    ["- 1\n", /^f\.yaml:1: is no Kubernetes object/],
    ["\n\nkind: Service\n", /^f\.yaml:3: apiVersion and kind are needed/],
    ["apiVersion: v1\nkind: Gizmo\nmetadata: {name: a}", /^f\.yaml:1: there is no kind "Gizmo" in apiVersion "v1"/],
    ["apiVersion: v2\nkind: Service\nmetadata: {name: a}", /there is no kind "Service" in apiVersion "v2"/],
    ["apiVersion: v1\nkind: Service\nmetadata: {}", /metadata\.name of the Service is needed/],
    ["apiVersion: v1\nkind: List\nitems: [null]", /apiVersion and kind are needed/],
  ];
  for (const [text, message] of bad)
    test(`${JSON.stringify(text)} is refused with its place`, () =>
      assert.throws(
        () => parseManifests(text, "f.yaml"),
        (error) => {
          assert.ok(error instanceof Error);
          assert.match(error.message, message);
          return true;
        },
      ));

  test("that bomb with aliases are refused", () => {
    const lines = ["a: &a [x,x,x,x,x,x,x,x,x]"];
    for (let depth = 1; depth < 9; depth += 1) {
      const before = String.fromCharCode(96 + depth);
      const name = String.fromCharCode(97 + depth);
      lines.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(",")}]`);
    }
    assert.throws(() => parseManifests(lines.join("\n"), "f"), /alias/i);
  });

  test("of a directory are read in order of their names, others passed over", async () => {
    const directory = await mkdtemp(join(tmpdir(), "fairway-manifests-"));
    try {
      const text = (name: string) => `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "${name}"}}`;
      await writeFile(join(directory, "2.yml"), text("second"));
      await writeFile(join(directory, "1.json"), text("first"));
      await writeFile(join(directory, "README.md"), "not: [this");
      const found = await readManifests([directory]);
      assert.deepEqual(
        found.map(({ object }) => object.metadata.name),
        ["first", "second"],
      );
    } finally {
      await rm(directory, { recursive: true });
    }
  });
  test("are refused with one kind of error", () => assert.throws(() => parseManifests("- 1", "f"), ManifestError));
});

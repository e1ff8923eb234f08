import assert from "node:assert/strict";
import { test } from "node:test";
import { type ProjectionInputs, projectedFiles, type Volume } from "./projection.ts";

const inputs: ProjectionInputs = {
  pod: { metadata: { name: "p", labels: { b: "2", a: 'quo"te' } }, spec: { containers: [] } },
  node: {},
  podIPs: ["10.32.0.2"],
  hostIPs: ["198.18.0.10"],
  configMap: (name) => (name === "cm" ? { data: { text: "hello" }, binaryData: { bin: "AAE=" } } : undefined),
  secret: (name) => (name === "s" ? { data: { word: "c2VzYW1l" } } : undefined),
  token: ({ audience }) => `token for ${audience}`,
};

function shown(volume: Omit<Volume, "name">): Record<string, string> {
  const files = projectedFiles({ name: "v", ...volume }, inputs);
  return Object.fromEntries(
    [...files].map(([path, { data, mode }]) => [path, `${mode.toString(8)} ${Buffer.from(data).toString("latin1")}`]),
  );
}

for (const [what, volume, expected] of [
  ["all keys of a configMap", { configMap: { name: "cm" } }, { text: "644 hello", bin: "644 \0\x01" }],
  [
    "some keys, renamed, with modes",
    { configMap: { name: "cm", defaultMode: 0o400, items: [{ key: "text", path: "a/b", mode: 0o600 }] } },
    { "a/b": "600 hello" },
  ],
  ["a secret", { secret: { secretName: "s", defaultMode: 0o400 } }, { word: "400 sesame" }],
  ["an optional object that is not there", { secret: { secretName: "no", optional: true } }, {}],
  [
    "an optional key that is not there",
    { configMap: { name: "cm", optional: true, items: [{ key: "no", path: "x" }] } },
    {},
  ],
  [
    "the downward API",
    { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
    { labels: '644 a="quo\\"te"\nb="2"' },
  ],
  [
    "many sources",
    {
      projected: {
        defaultMode: 0o440,
        sources: [
          { configMap: { name: "cm", items: [{ key: "text", path: "t" }] } },
          { serviceAccountToken: { path: "token", audience: "api" } },
        ],
      },
    },
    { t: "440 hello", token: "440 token for api" },
  ],
] as [string, Omit<Volume, "name">, Record<string, string>][])
  test(`a volume of ${what}`, () => {
    assert.deepEqual(shown(volume), expected);
  });

for (const [what, volume, message] of [
  ["an object that is not there", { configMap: { name: "no" } }, /configmap "no" not found/],
  ["a key that is not there", { configMap: { name: "cm", items: [{ key: "no", path: "x" }] } }, /has no key "no"/],
  [
    "a path that leaves the volume",
    { configMap: { name: "cm", items: [{ key: "text", path: "../x" }] } },
    /no path inside/,
  ],
  ["an absolute path", { configMap: { name: "cm", items: [{ key: "text", path: "/etc/passwd" }] } }, /no path inside/],
  ["a hidden way out", { configMap: { name: "cm", items: [{ key: "text", path: "a/../../x" }] } }, /no path inside/],
  [
    "an unknown source",
    { projected: { sources: [{ clusterTrustBundle: { path: "x" } }] } },
    /clusterTrustBundle is not supported/,
  ],
] as [string, Omit<Volume, "name">, RegExp][])
  test(`refuses ${what}`, () => {
    assert.throws(() => shown(volume), message);
  });

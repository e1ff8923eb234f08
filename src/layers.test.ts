/** Who may import whom. A folder that is not listed here may not exist; what it may import is the second column (besides itself). */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const source = import.meta.dirname;

/** Longest match wins. `commands` wire everything; `dispatch.ts` only knows commands. */
const layers: Record<string, string[]> = {
  "main.ts": ["dispatch.ts"],
  "packaged.ts": ["dispatch.ts", "code-cache.ts"],
  "dispatch.ts": ["commands", "role"],
  "code-cache.ts": [],
  commands: ["cluster", "kubernetes", "serviceproxy", "linux", "net", "ip", "role"],
  role: [],
  ip: [],
  linux: ["ip"],
  net: [],
  kubernetes: ["ip", "role"],
  serviceproxy: ["kubernetes", "linux", "net", "ip", "role"],
  "cluster/config.ts": [],
  "cluster/config-file.ts": ["cluster/config.ts", "ip"],
  "cluster/storage": ["cluster/config.ts", "kubernetes", "role"],
  "cluster/pki": ["cluster/config.ts", "ip", "kubernetes", "linux"],
  "cluster/apiserver": [
    "cluster/config.ts",
    "cluster/storage",
    "cluster/controllers/permissions.ts",
    "kubernetes",
    "ip",
    "role",
  ],
  "cluster/controllers": ["cluster/config.ts", "kubernetes", "ip", "role"],
  "cluster/pods": ["cluster/config.ts", "kubernetes", "linux", "ip", "role"],
  "cluster/dns": ["cluster/config.ts", "kubernetes", "ip", "role"],
  "cluster/agent": ["cluster/config.ts", "cluster/pods", "cluster/dns", "kubernetes", "linux", "ip", "role"],
  "cluster/supervisor": ["cluster/config.ts", "cluster/pki", "kubernetes", "linux", "ip", "role"],
  "layers.test.ts": [],
};

function layerOf(path: string): string | undefined {
  const parts = path.split("/");
  for (let length = parts.length; length > 0; length -= 1) {
    const candidate = parts.slice(0, length).join("/");
    if (candidate in layers) return candidate;
  }
  return undefined;
}

/** Tests and what they share (fixture.ts) may reach anywhere: they put the layers together. */
const files = globSync("**/*.ts", { cwd: source }).filter(
  (file) => !/(\.test|(^|\/)fixture)\.ts$/.test(file) || file === "layers.test.ts",
);

test("every file belongs to a layer", () => {
  assert.deepEqual(
    files.filter((file) => layerOf(file) === undefined),
    [],
  );
});

test("a layer imports only what the table allows", () => {
  const broken: string[] = [];
  for (const file of files) {
    const from = layerOf(file);
    if (from === undefined) continue;
    const text = readFileSync(join(source, file), "utf8");
    for (const [, specifier = ""] of text.matchAll(/(?:from|import|import\()\s*"(\.{1,2}\/[^"]+)"/g)) {
      const target = relative(source, join(source, dirname(file), specifier));
      const to = layerOf(target);
      if (to === undefined || to === from) continue;
      const allowed = (layers[from] ?? []).some((layer) => to === layer || to.startsWith(`${layer}/`));
      if (!allowed) broken.push(`${file} imports ${target}: ${from} may not import ${to}`);
    }
  }
  assert.deepEqual(broken, []);
});

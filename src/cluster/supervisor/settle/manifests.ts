import { ftruncateSync, readFileSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMap, isScalar, LineCounter, parseAllDocuments } from "yaml";
import * as resources from "../../../kubernetes/resource.ts";
import type { KubernetesObject } from "../../../kubernetes/types.ts";
import { maximumManifest } from "../launcher.ts";
import { standardInput } from "../options.ts";

/** One object of a manifest file. */
export interface Manifest {
  /** "file:line" where it begins. */
  source: string;
  resource: resources.Resource;
  object: KubernetesObject & { metadata: { name: string } };
}

/** A manifest that cannot be used; the message begins with file and line. */
export class ManifestError extends Error {}

const known = new Map(
  Object.values(resources)
    .filter((value): value is resources.Resource => typeof value === "object" && "plural" in value)
    .map((resource) => [`${resources.apiVersionOf(resource)} ${resource.kind}`, resource]),
);

/**
 * Reads files, the *.yaml, *.yml and *.json of directories, and standard input, in order. The latter is the file that the command made of what
 * it read (commands/standard-input.ts), which is emptied: it may hold Secrets, and is there for as long as the cluster.
 */
export async function readManifests(paths: readonly string[]): Promise<Manifest[]> {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  const texts = await Promise.all(
    files.map(async (file) => {
      if (file === standardInput) return { name: "standard input", text: takeStandardInput() };
      if ((await stat(file)).size > maximumManifest)
        throw new ManifestError(`${file}: is larger than ${maximumManifest} bytes`);
      return { name: file, text: await readFile(file, "utf8") };
    }),
  );
  return texts.flatMap(({ name, text }) => parseManifests(text, name));
}

function takeStandardInput(): string {
  const text = readFileSync(0, "utf8");
  ftruncateSync(0);
  return text;
}

async function filesOf(path: string): Promise<string[]> {
  if (path === standardInput) return [path];
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  return names.map((name) => join(path, name));
}

/** The objects of a YAML (or JSON) text: several documents, and Lists of objects. YAML 1.1, as kubectl reads it. */
export function parseManifests(text: string, file: string): Manifest[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { version: "1.1", lineCounter: lines, customTags: withoutDates });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0]);
      throw new ManifestError(`${file}:${line}:${col}: ${error.message.split("\n")[0]?.replace(/ at line .*/, "")}`);
    }
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return [];
    const source = `${file}:${lines.linePos(document.contents.range?.[0] ?? 0).line}`;
    if (!isMap(document.contents))
      throw new ManifestError(`${source}: is no Kubernetes object (apiVersion, kind, metadata)`);
    return objectsOf(document.toJS({ maxAliasCount: 100 }) as Record<string, unknown>, source);
  });
}

/** A date in a manifest is a text to Kubernetes. */
function withoutDates<T>(tags: T[]): T[] {
  return tags.filter((tag) => (tag as { tag?: string }).tag !== "tag:yaml.org,2002:timestamp");
}

function objectsOf(value: Record<string, unknown>, source: string): Manifest[] {
  const { apiVersion, kind, metadata, items } = value;
  if (typeof apiVersion !== "string" || typeof kind !== "string")
    throw new ManifestError(`${source}: apiVersion and kind are needed`);
  if (kind === "List" && Array.isArray(items))
    return items.flatMap((item) => objectsOf((item ?? {}) as Record<string, unknown>, source));
  const resource = known.get(`${apiVersion} ${kind}`);
  if (resource === undefined)
    throw new ManifestError(`${source}: there is no kind "${kind}" in apiVersion "${apiVersion}"`);
  const name = (metadata as { name?: unknown } | null | undefined)?.name;
  if (typeof name !== "string" || name === "")
    throw new ManifestError(`${source}: metadata.name of the ${kind} is needed`);
  return [{ source, resource, object: value as unknown as Manifest["object"] }];
}

import { readFile } from "node:fs/promises";
import { type ProgramName, programNames } from "./demo/program-names.ts";
import { imageTable } from "./image-table.ts";
import { type Image, type ImageTable, parseImageName } from "./images.ts";

/** A mistake in an images file; the message begins with file and line. */
export class ImageFileError extends Error {
  override readonly name = "ImageFileError";
}

/** A table of images that people write; more than this is no table. */
const maximumBytes = 1 << 20;

/**
 * The image table of a cluster: the one of this program, and over it that of a file (docs/images.md has its form).
 * Rejects with ImageFileError, or with the error of reading the file.
 */
export async function loadImageTable(file?: string): Promise<ImageTable> {
  if (file === undefined) return imageTable;
  const text = await readFile(file, "utf8");
  return new Map([...imageTable, ...(await parseImageFile(text, file))]);
}

/** Parses and checks the text of an images file; throws ImageFileError with the line of the first mistake. */
export async function parseImageFile(text: string, file: string): Promise<ImageTable> {
  const { LineCounter, parseDocument, isMap, isSeq, isScalar, isPair } = await import("yaml");
  const lines = new LineCounter();
  const fail = (node: unknown, message: string): never => {
    const range = node !== null && typeof node === "object" && "range" in node ? (node.range as number[] | null) : null;
    const line = range?.[0] === undefined ? 1 : lines.linePos(range[0]).line;
    throw new ImageFileError(`${file}:${line}: ${message}`);
  };
  if (text.length > maximumBytes) fail(undefined, `more than ${maximumBytes} bytes`);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [problem] = document.errors;
  if (problem !== undefined) fail({ range: problem.pos }, problem.message);

  const fields = (node: unknown, known: readonly string[]): Map<string, unknown> => {
    if (!isMap(node)) return fail(node, `must be a mapping with ${known.join(", ")}`);
    const found = new Map<string, unknown>();
    for (const pair of node.items) {
      const key = isPair(pair) && isScalar(pair.key) ? String(pair.key.value) : "";
      if (!known.includes(key)) fail(pair.key, `unknown field ${JSON.stringify(key)}; known: ${known.join(", ")}`);
      found.set(key, pair.value);
    }
    return found;
  };
  const string = (node: unknown, field: string): string => {
    // What YAML takes for a number or a truth value is meant as text here: "8080" in arguments.
    if (!isScalar(node) || node.value === null) return fail(node, `${field}: must be a string`);
    return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
  };
  const strings = (node: unknown, field: string): string[] | undefined => {
    if (node === undefined) return undefined;
    if (!isSeq(node)) return fail(node, `${field}: must be a list of strings`);
    return node.items.map((item, index) => string(item, `${field}[${index}]`));
  };
  const environment = (node: unknown): Record<string, string> | undefined => {
    if (node === undefined) return undefined;
    if (!isMap(node)) return fail(node, "env: must be a mapping of names to strings");
    return Object.fromEntries(node.items.map(({ key, value }) => [string(key, "env"), string(value, "env")]));
  };

  const images = fields(document.contents, ["images"]).get("images");
  if (!isSeq(images)) return fail(images ?? document.contents, "images: must be a list");
  const table = new Map<string, Image>();
  for (const item of images.items) {
    const entry = fields(item, ["name", "program", "entrypoint", "args", "env"]);
    const nameNode = entry.get("name");
    const name = parseImageName(string(nameNode ?? item, "name"));
    if (name === undefined)
      return fail(nameNode, "name: is no image name (lower case, as in example.com/team/app or app:2.0)");
    const tagged = /:[^/]*$/.test(string(nameNode, "name").replace(/@.*$/, ""));
    const key = tagged ? `${name.familiar}:${name.tag}` : name.familiar;
    if (table.has(key)) fail(nameNode, `name: ${key} is in the list already`);
    const program = entry.get("program");
    const entrypoint = strings(entry.get("entrypoint"), "entrypoint");
    const defaultArgs = strings(entry.get("args"), "args");
    const env = environment(entry.get("env"));
    if (program !== undefined) {
      if (entrypoint !== undefined) fail(item, "an image has either a program or an entrypoint");
      const wanted = string(program, "program");
      if (!programNames.includes(wanted as ProgramName))
        fail(program, `program: ${JSON.stringify(wanted)} is none of ${programNames.join(", ")}`);
      table.set(key, { kind: "demo", program: wanted, defaultArgs, env });
    } else {
      if ((entrypoint?.length ?? 0) + (defaultArgs?.length ?? 0) === 0) {
        fail(
          item,
          "an image needs a program (one of the demo server's), or an entrypoint or args (a command of this machine)",
        );
      }
      table.set(key, { kind: "process", entrypoint: entrypoint ?? [], defaultArgs, env });
    }
  }
  return table;
}

import { parseDocument } from "yaml";
import { parseJson } from "./kinds/schema/parse-json.ts";
import type { ParsedBody } from "./parsed-body.ts";
import { badRequest, tooLarge } from "./status.ts";

/** Aliases may repeat this many nodes in all: a small document must not unfold into gigabytes. */
const maxAliases = 100;
/** Reading YAML takes a hundred times as long as JSON, in the thread that serves everybody. */
const maxYaml = 256 << 10;

/** Reads one YAML document as kubectl would (YAML 1.1 numbers and booleans, merge keys). Throws 400 with line and column. */
export function parseYaml(text: string): ParsedBody {
  if (text.length > maxYaml) {
    throw tooLarge(`YAML bodies are limited to ${maxYaml} bytes: send application/json instead`);
  }
  try {
    const document = parseDocument(text, { version: "1.1", merge: true, prettyErrors: true });
    const duplicates = document.errors.filter(({ code }) => code === "DUPLICATE_KEY").map(({ message }) => message);
    const error = document.errors.find(({ code }) => code !== "DUPLICATE_KEY");
    if (error !== undefined) throw badRequest(`the request body is not YAML: ${error.message}`);
    const value: unknown = document.toJS({ maxAliasCount: maxAliases });
    // Through JSON: what is stored must be what JSON can hold, and no deeper than JSON bodies may be.
    const parsed = parseJson(JSON.stringify(value) ?? "null");
    if (!parsed.ok) throw badRequest(`the request body is not YAML: ${parsed.message}`);
    return { value: parsed.value, duplicates };
  } catch (error) {
    if (error instanceof RangeError || error instanceof ReferenceError || error instanceof TypeError) {
      throw badRequest(`the request body is not YAML: ${error.message}`);
    }
    throw error;
  }
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Prints the version of this program. */
export async function main(): Promise<number> {
  // From dist/ as from src/commands/ it is what npm installed.
  const levels = import.meta.filename.endsWith(".ts") ? "../.." : "..";
  const text = await readFile(join(import.meta.dirname, levels, "package.json"), "utf8");
  process.stdout.write(`fairway ${(JSON.parse(text) as { version: string }).version}\n`);
  return 0;
}

/**
 * `npm run build`: src/ as plain JavaScript in dist/, for what is packaged (Node does not strip types under node_modules). Types become
 * blanks, so that line numbers stay as they are; import specifiers end in .js instead of .ts.
 */
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { root } from "./setup.js";

if (stripTypeScriptTypes === undefined) {
  process.stderr.write("build: this Node cannot strip types; run it as `npm run build`, which uses the pinned one\n");
  process.exit(1);
}
// It is experimental in name; the pinned version does not change under us.
process.removeAllListeners("warning");

const source = join(root, "src");
const target = join(root, "dist");
rmSync(target, { recursive: true, force: true });

const files = globSync("**/*", { cwd: source, withFileTypes: true }).filter((entry) => entry.isFile());
let built = 0;
for (const { name, parentPath } of files) {
  const from = join(parentPath, name);
  const to = join(target, from.slice(source.length));
  if (/\.(test\.ts|d\.ts|md)$/.test(name)) continue;
  mkdirSync(dirname(to), { recursive: true });
  if (name.endsWith(".ts")) {
    writeFileSync(to.replace(/\.ts$/, ".js"), toJavaScript(readFileSync(from, "utf8")));
    built += 1;
  } else cpSync(from, to);
}
process.stdout.write(`dist/: ${built} modules\n`);

/** Relative imports name source files; in the package they are the built ones. */
function toJavaScript(text) {
  return stripTypeScriptTypes(text).replaceAll(
    /(\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)"(\.{1,2}\/[^"]+)\.ts"/g,
    '$1"$2.js"',
  );
}

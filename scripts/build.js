/**
 * `npm run build`: dist/, which is what runs (bin/fairway, npm start) and what is packaged: a bundle for each command with the libraries it
 * uses, and main.cjs, which loads them. Fairway is a dozen processes of hundreds of modules each; one file each is what starts them in time
 * (docs/decisions/0008). koffi's native code stays outside.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { root } from "./setup.js";

const target = join(root, "dist");
// What is changed from here on is newer than what is built (setup.js, bin/fairway).
const started = new Date();

/** @type {import("esbuild").BuildOptions} */
const options = {
  absWorkingDir: root,
  outdir: target,
  outExtension: { ".js": ".cjs" },
  bundle: true,
  write: false,
  metafile: true,
  platform: "node",
  target: "node26",
  format: "cjs",
  // Nothing but ASCII, so that V8 keeps it as one byte a character.
  charset: "ascii",
  legalComments: "none",
  define: { "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" },
  // An import of another bundle is a require, which can be given kept code (src/code-cache.ts).
  supported: { "dynamic-import": false },
  logLevel: "warning",
};

/** Leaves each command to a bundle of its own, and tells which there are. */
const commands = new Set();
const commandsApart = {
  name: "commands apart",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/commands\/[^/]+\.ts$/ }, ({ path }) => {
      commands.add(join("src", path));
      return { path: `./${basename(path, ".ts")}.cjs`, external: true };
    });
  },
};

/** The one file of koffi that is native code. koffi's own way to it reads Node's ELF header and takes 15 ms in each of a dozen processes. */
const nativeFile = {
  name: "native file of koffi",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^koffi$/ }, ({ kind }) =>
      kind === "require-resolve" ? { external: true } : { path: "koffi", namespace: "native" },
    );
    onLoad({ filter: /^/, namespace: "native" }, () => ({
      contents: `const { createRequire } = require("node:module");
        const file = "@koromix/koffi-linux-" + process.arch + "/linux_" + process.arch + "/koffi.node";
        module.exports = createRequire(require.resolve("koffi"))(file);`,
    }));
  },
};

const main = await build({ ...options, entryPoints: { main: "src/packaged.ts" }, plugins: [commandsApart] });
const rest = await build({ ...options, entryPoints: [...commands].sort(), plugins: [nativeFile] });
const inputs = new Set([main, rest].flatMap(({ metafile }) => Object.keys(metafile.inputs)));

mkdirSync(target, { recursive: true });
// main.cjs comes last: with its time everything is there.
const written = [...rest.outputFiles.map(withHash), ...main.outputFiles].map(({ path, contents }) =>
  replace(path, contents),
);
written.push(replace(join(target, "THIRD-PARTY-LICENSES"), licenses()));
for (const name of readdirSync(target)) if (!written.includes(name)) rmSync(join(target, name), { recursive: true });
// Named by what the bundles were: of no use any more.
rmSync(join(root, ".cache", "code"), { recursive: true, force: true });
process.stdout.write(`dist/: ${commands.size} commands, of ${inputs.size} modules\n`);

/** Its last line names what V8 made of it in earlier runs (src/code-cache.ts). */
function withHash({ path, contents }) {
  const hash = createHash("sha256").update(contents).digest("hex");
  return { path, contents: Buffer.concat([contents, Buffer.from(`\n// sha256 ${hash}\n`)]) };
}

/** Parts of a cluster may be reading it. */
function replace(path, contents) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents);
  utimesSync(draft, started, started);
  renameSync(draft, path);
  return basename(path);
}

/** Of the packages whose code is in the bundles. */
function licenses() {
  const packages = [...inputs].map((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]);
  const names = [...new Set(packages.filter((name) => name !== undefined))].sort();
  const texts = names.map((name) => {
    const directory = join(root, "node_modules", name);
    const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`build: ${name} comes without a licence`);
    return `${name}\n\n${readFileSync(join(directory, file), "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

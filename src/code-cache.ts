import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { constants, Script } from "node:vm";

/** A boot is over by then, and what it compiled is worth keeping. Milliseconds. */
const settled = 5_000;

/** Kept code is replaced by what holds more, not for each function that a longer run has met. */
const growth = 1.1;

/**
 * From now on CommonJS files of `directory` are loaded with V8's code cache as it was after an earlier run: with every function that was
 * compiled on the way. Node's own compile cache holds only what is compiled before a file's first line runs; the rest is compiled again in
 * each process, an eighth of what it costs until it has settled. Caches are files of `cache`, named by what the code itself is, as its last line
 * says (scripts/build.js): V8 compares only its length, and a process that hashes it itself loads node:crypto for that, 13 ms of CPU.
 */
export function keepCompiledCode(directory: string, cache: string): void {
  const { extensions } = createRequire(join(directory, "main.cjs"));
  extensions[".cjs"] = (module, filename) => {
    if (dirname(filename) !== directory) return extensions[".js"](module, filename);
    // Bundles are ASCII (scripts/build.js): as Latin-1 they stay one byte a character.
    const source = readFileSync(filename, "latin1");
    const hash = /\n\/\/ sha256 ([0-9a-f]{64})\n$/.exec(source.slice(-80))?.[1];
    if (hash === undefined) throw new Error(`${filename} does not end with its hash: build it again (npm run build)`);
    const run = compile(source, filename, join(cache, `${basename(filename, ".cjs")}-${hash}`));
    run(module.exports, createRequire(filename), module, filename, directory);
  };
}

type Wrapper = (exports: unknown, require: NodeJS.Require, module: NodeJS.Module, file: string, dir: string) => void;

function compile(source: string, filename: string, kept: string): Wrapper {
  const cachedData = readIfThere(kept);
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const areFlagsAsNow = rememberFlags();
  let size = cachedData === undefined || script.cachedDataRejected ? 0 : cachedData.length;
  const keep = () => {
    // Somebody has set flags of V8 since: it would not take the code in the next run, which begins without them.
    if (!areFlagsAsNow()) return;
    const code = script.createCachedData();
    if (code.length < size * growth) return;
    size = code.length;
    write(kept, code);
  };
  setTimeout(keep, settled).unref();
  if (size === 0) process.once("exit", keep);
  return script.runInThisContext() as Wrapper;
}

/** Remembers the flags that V8 compiles under; what it returns tells whether they still are the same. */
function rememberFlags(): () => boolean {
  // Comments of one length, each seen once: V8 compares flags and length, and looks at neither for a source that it has compiled before.
  let looks = 0;
  const source = () => `// ${looks++}`;
  const compiled = new Script(source()).createCachedData();
  return () => new Script(source(), { cachedData: compiled }).cachedDataRejected === false;
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** A convenience: where it cannot be written, code is compiled. */
function write(path: string, code: Buffer): void {
  // Process ids repeat in the machines of a cluster.
  const draft = `${path}.${process.pid}.${process.hrtime.bigint()}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(draft, code, { mode: 0o600 });
    renameSync(draft, path);
  } catch {}
}

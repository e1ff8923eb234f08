// Sources compiled on the host for processes in the virtual machine, where stripping types takes several seconds of each of them.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Below the checkout, there as here: Node looks entries up by the way from here to a file (NODE_COMPILE_CACHE_PORTABLE). */
export const compiledSources = ".cache/vm-compiled";

/** What tests and benchmarks begin with; the rest is imported by these. */
const entries = ["test/{vm,proxy,support}/*.ts", "bench/**/*.ts"];

/**
 * Compiles what the files of the checkout import, and runs nothing: all modules are compiled before the first is run, and the first one throws.
 * What could not be compiled here is compiled there.
 */
export function compileSources(root, node) {
  const files = globSync(entries, { cwd: root }).map((file) => pathToFileURL(join(root, file)).href);
  const imports = ["data:text/javascript,throw 0", ...files].map((url) => `import ${JSON.stringify(url)};`);
  const env = { ...process.env, NODE_COMPILE_CACHE: join(root, compiledSources), NODE_COMPILE_CACHE_PORTABLE: "1" };
  spawnSync(node, ["--input-type=module", "--eval", imports.join("\n")], { env, stdio: "ignore" });
}

/** What dist/main.cjs is made of (scripts/build.js): Fairway as bundles, loaded with the code that they compiled in earlier runs. */
import { join } from "node:path";
import { keepCompiledCode } from "./code-cache.ts";
import { dispatch } from "./dispatch.ts";

// Not in /tmp, where others could plant code.
keepCompiledCode(import.meta.dirname, join(import.meta.dirname, "..", ".cache", "code"));
void dispatch(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});

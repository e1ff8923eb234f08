/** Fairway from its sources: in a checkout whose dist/ is older than them (bin/fairway), and in tests. */
import { enableCompileCache, flushCompileCache } from "node:module";
import { join } from "node:path";
import { dispatch } from "./dispatch.ts";

// The entry itself is read before any code of ours runs: only the variable reaches it, so every process that we start gets it. Without
// the cache Node loads its type stripper: 45 ms and 16 MB in each of a dozen processes. Not in /tmp, where others could plant code.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "..", ".cache", "compile");
enableCompileCache(process.env.NODE_COMPILE_CACHE);
// Node writes the cache only when it exits in order, which a role that is killed never does. Without it every process
// strips the types of every file anew: measured 23 MB of private memory and some 200 ms of each node agent.
setTimeout(flushCompileCache, 3_000).unref();
process.exitCode = await dispatch(process.argv.slice(2));

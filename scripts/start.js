/** `npm start`: sets up what is missing, then brings a cluster up with the NodePort example in it. Further arguments go to `fairway up`. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { onPinnedNode, pinnedNode, root, SetupError, setup, toolTables } from "./setup.js";

// npm's shell does not pass signals on; what it started ends with it.
const args = ["up", "--end-with-parent", "-f", join(root, "examples/nodeport.yaml"), ...process.argv.slice(2)];

try {
  const main = setup(toolTables.start);
  if (onPinnedNode()) {
    // No second process, no second start of Node.
    process.argv = [process.execPath, main, ...args];
    await import(pathToFileURL(main).href);
  } else {
    wait(spawn(pinnedNode(), [main, ...args], { stdio: "inherit" }));
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`fairway: ${error.message}\n`);
  process.exitCode = 1;
}

/** Ends as the child ends. The terminal sends Ctrl-C to the child as well; other signals reach only this process and are passed on. */
function wait(child) {
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("close", (code) => {
    process.exitCode = code ?? 1;
  });
}

import { fileURLToPath } from "node:url";

const marker = "FAIRWAY_TEST_NETWORK";

/**
 * Whether this process has a network namespace made for this test file. If not, the process becomes one that has: it is replaced, so the
 * test runner's pipes stay and nobody is left behind. Call it before node:test is loaded.
 */
export function inOwnNetwork(file: string): boolean {
  const path = fileURLToPath(file);
  if (process.env[marker] === path) return true;
  const command = ["unshare", "--net", "--mount", "--", process.execPath, ...process.execArgv, path];
  process.execve?.("/usr/bin/env", ["env", ...command], { ...process.env, [marker]: path });
  return false;
}

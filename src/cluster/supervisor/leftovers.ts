import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { CommandError, run } from "../../linux/command.ts";
import { signal } from "../../linux/machine.ts";
import { hostPaths, hostRoot } from "../config.ts";
import type { SupervisorInfo } from "./protocol.ts";

/** `flock` ends with this when somebody else has the lock; no status of the command that it runs. */
const locked = 75;

/**
 * Removes what a cluster left behind whose every process was killed. The keeper of a living one has the lock on the directory, so this cannot
 * hit it. Resolves to what was found.
 */
export async function removeLeftovers(name: string): Promise<"nothing" | "removed" | "alive"> {
  const { root } = hostPaths(name);
  if (!(await isThere(root))) return "nothing";
  try {
    await run("sh", ["-c", removeUnlocked, "sh", root]);
    return "removed";
  } catch (error) {
    if (error instanceof CommandError && error.code === locked) return "alive";
    // Its keeper was faster.
    if (!(await isThere(root))) return "nothing";
    throw error;
  }
}

/** The directory is opened by the shell: flock itself would make a file of that name when it is gone by now. The last one takes hostRoot along. */
const removeUnlocked = `{ flock --nonblock --conflict-exit-code ${locked} 9 && rm -rf "$1"; } 9<"$1" || exit
rmdir "\${1%/*}" 2>/dev/null || true`;

/** Rejects when it cannot be told, as for anybody but root. */
function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}

/** Names of the clusters that have a directory on this host, alive or not. */
export async function clusterNames(): Promise<string[]> {
  return (await readdir(hostRoot).catch((): string[] => [])).sort();
}

/** Where the world's init is on the host. Undefined when it is gone; a process id that was used again is told by its namespace. */
export async function worldInit(name: string): Promise<number | undefined> {
  try {
    const info = JSON.parse(await readFile(hostPaths(name).info, "utf8")) as SupervisorInfo;
    return (await readlink(`/proc/${info.pid}/ns/pid`)) === info.namespace ? info.pid : undefined;
  } catch {
    return undefined;
  }
}

/** For a supervisor that does not answer: the kernel takes everything away. False when there is nothing to kill. */
export async function killWorld(name: string): Promise<boolean> {
  const pid = await worldInit(name);
  if (pid === undefined) return false;
  signal(pid, "SIGKILL");
  return true;
}

import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { getCompileCacheDir } from "node:module";
import { dirname, join } from "node:path";
import { type Machine, signal } from "../../linux/machine.ts";
import { parseNotice, successorVariable } from "../../role/parent.ts";
import type { RunningProcess } from "./part.ts";

/** Node itself, and Fairway's entry point: that of the sources, or main.cjs beside the bundle that this is in (scripts/build.js). */
export const fairway: readonly string[] = [
  process.execPath,
  join(import.meta.dirname, import.meta.filename.endsWith(".ts") ? "../../main.ts" : "main.cjs"),
];

/** What parts inherit; nothing else of the environment of whoever typed the command. */
export function partEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const wanted = (name: string) => name.startsWith("FAIRWAY_") || name === "LANG" || name === "NODE_COMPILE_CACHE";
  const passed = Object.entries(env).filter(([name]) => wanted(name));
  const cache = getCompileCacheDir();
  return {
    ...Object.fromEntries(passed),
    // main.ts turns the cache on too late for itself; by this it is cached as well, and no process loads the type stripper for it alone:
    // 12 MB and some 35 ms each. Node names its version's own directory inside the one that it is given.
    ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }),
    PATH: env.PATH ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: env.HOME ?? "/root",
  };
}

/**
 * Starts a command in a machine, as leader of a process group of its own (Ctrl-C at the terminal is not for it), its output appended to an
 * open file. A successor is told so by its environment; what any of them tells comes over a channel of Node's (role/parent.ts).
 */
export function launchIn(
  machine: Machine,
  command: readonly string[],
  output: number,
  isSuccessor = false,
): RunningProcess {
  const [program, ...args] = machine.enter(command);
  const child = spawn(program, args, {
    detached: true,
    stdio: ["ignore", output, output, "ipc"],
    env: { ...partEnvironment(), [successorVariable]: isSuccessor ? "1" : undefined },
    cwd: "/",
  });
  const pid = child.pid;
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const prepared = Promise.withResolvers<void>();
  const serving = Promise.withResolvers<void>();
  let reason = "";
  child.on("message", (message) => {
    const notice = parseNotice(message);
    if (notice?.is === "prepared") prepared.resolve();
    else if (notice?.is === "serving") serving.resolve();
    else if (notice?.is === "failing") reason = `: ${notice.reason}`;
  });
  child.on("error", (error) => resolve(error.message));
  child.once("exit", () => {
    // nsenter may have been killed alone: what it had started must not live on beside its successor.
    if (pid !== undefined) signal(-pid, "SIGKILL");
  });
  // Only then everything that it told has come.
  child.once("close", (code, signalName) => resolve(`${signalName ?? `exit status ${code}`}${reason}`));
  return {
    pid: pid ?? 0,
    ended,
    prepared: prepared.promise,
    serving: serving.promise,
    takeOver: () => {
      if (child.connected) child.send({ is: "gone" }, () => {});
    },
    // nsenter waits for the process it started and does not pass signals on: the signal goes to that process.
    terminate: async () => {
      if (pid === undefined) return;
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
      for (const inner of children.split(" ").filter(Boolean)) signal(Number(inner), "SIGTERM");
    },
    kill: () => {
      if (pid !== undefined) signal(-pid, "SIGKILL");
    },
  };
}

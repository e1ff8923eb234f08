/**
 * One measurement in a process and a network namespace of its own: none pays for the garbage or the rules of the one before.
 * `main.ts` starts it with the part and its task, and reads the figures from its standard output.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../src/linux/command.ts";
import { measureProcesses, type ProcessesTask, type ProcessFigures } from "./processes.ts";
import { measureSync, type SyncFigures, type SyncTask } from "./sync.ts";
import { measureTraffic, type TrafficFigures, type TrafficTask } from "./traffic.ts";

/** The parts: what each is given, and its figures. */
export interface Parts {
  sync: { task: SyncTask; figures: SyncFigures };
  traffic: { task: TrafficTask; figures: TrafficFigures };
  processes: { task: ProcessesTask; figures: ProcessFigures[] };
}

const measure: { [P in keyof Parts]: (task: Parts[P]["task"]) => Promise<Parts[P]["figures"]> } = {
  sync: measureSync,
  traffic: measureTraffic,
  processes: measureProcesses,
};

/** Rejects with a CommandError when the measurement fails, or takes longer than `timeout` milliseconds. */
export async function measureInChild<P extends keyof Parts>(
  part: P,
  task: Parts[P]["task"],
  timeout: number,
): Promise<Parts[P]["figures"]> {
  const script = 'ip link set lo up && exec "$0" "$@"';
  const command = [process.execPath, fileURLToPath(import.meta.url), part, JSON.stringify(task)];
  // What it started ends with it, however it ends.
  const namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  // Else each would load what strips types, and its memory be counted.
  const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, "../../.cache/compile"), ...process.env };
  return JSON.parse(await run("unshare", [...namespaces, "sh", "-c", script, ...command], { env, timeout }));
}

if (import.meta.main) {
  const [part, task = ""] = process.argv.slice(2);
  const figures = await measure[part as keyof Parts](JSON.parse(task));
  process.stdout.write(JSON.stringify(figures), () => process.exit());
}

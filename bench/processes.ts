/** Memory and CPU time of a tree of processes. Memory as the kernel shares it out: PSS counts a page shared by N processes as 1/N in each. */
import { readFileSync } from "node:fs";
import { partOf } from "../test/support/processes.ts";

export interface Usage {
  processes: number;
  /** Kibibytes. */
  pss: number;
  /** Kibibytes by part ("apiserver", "agent"…; everything that is not ours is "containers and tools"). */
  byPart: Map<string, { processes: number; pss: number }>;
}

export function usageOf(pids: number[]): Usage {
  const usage: Usage = { processes: 0, pss: 0, byPart: new Map() };
  for (const pid of pids) {
    try {
      const pss = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
      const part = partOf(pid) ?? "containers and tools";
      const sum = usage.byPart.get(part) ?? { processes: 0, pss: 0 };
      usage.byPart.set(part, { processes: sum.processes + 1, pss: sum.pss + pss });
      usage.processes += 1;
      usage.pss += pss;
    } catch {
      // It ended while we looked.
    }
  }
  return usage;
}

export function printUsage(usage: Usage): void {
  const megabytes = (kibibytes: number) => `${((kibibytes * 1024) / 1e6).toFixed(1).padStart(7)} MB`;
  for (const [part, { processes, pss }] of [...usage.byPart].sort((a, b) => b[1].pss - a[1].pss)) {
    process.stdout.write(`  ${part.padEnd(22)} ${String(processes).padStart(5)} processes ${megabytes(pss)}\n`);
  }
  process.stdout.write(
    `  ${"all (summed PSS)".padEnd(22)} ${String(usage.processes).padStart(5)} processes ${megabytes(usage.pss)}\n`,
  );
}

/** CPU seconds by part; `tools` are those of programs that it ran and that have ended. The kernel tells both in hundredths, cut off. */
export type Times = Map<string, { own: number; tools: number }>;

export function timesOf(pids: number[]): Times {
  const times: Times = new Map();
  for (const pid of pids) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // utime, stime, cutime and cstime of proc_pid_stat(5), after the name, which may hold blanks.
      const [user, system, toolsUser, toolsSystem] = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .slice(11, 15)
        .map((ticks) => Number(ticks) / 100) as [number, number, number, number];
      const part = partOf(pid) ?? "npm, shells and tools";
      const sum = times.get(part) ?? { own: 0, tools: 0 };
      times.set(part, { own: sum.own + user + system, tools: sum.tools + toolsUser + toolsSystem });
    } catch {
      // It ended while we looked.
    }
  }
  return times;
}

export function totalOf(times: Times): number {
  return times.values().reduce((sum, { own, tools }) => sum + own + tools, 0);
}

/** Per part the mean of several runs. */
export function printTimes(runs: readonly Times[]): void {
  const mean = (figure: (times: Times) => number) => runs.reduce((sum, times) => sum + figure(times), 0) / runs.length;
  const parts = new Set(runs.flatMap((times) => [...times.keys()]));
  const rows = [...parts].map((part) => ({
    part,
    own: mean((times) => times.get(part)?.own ?? 0),
    tools: mean((times) => times.get(part)?.tools ?? 0),
  }));
  for (const { part, own, tools } of rows.sort((a, b) => b.own - a.own)) {
    process.stdout.write(
      `  ${part.padEnd(22)} ${own.toFixed(2)} s, and ${tools.toFixed(2)} s of programs that it ran\n`,
    );
  }
}

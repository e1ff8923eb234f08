/** Memory of a tree of processes, as the kernel shares it out: PSS counts a page shared by N processes as 1/N in each. */
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

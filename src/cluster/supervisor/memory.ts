import { readdir, readFile } from "node:fs/promises";
import type { MemoryStatus } from "./protocol.ts";

/** What every process that this one can see costs; seen from the supervisor that is the whole world and nothing else. */
export async function memoryByRole(): Promise<MemoryStatus> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const sizes = (await Promise.all(ids.map(processSize))).filter((row) => row !== undefined);
  const roles: Record<string, number> = {};
  for (const { role, size } of sizes) roles[role] = (roles[role] ?? 0) + size;
  return { total: sizes.reduce((sum, { size }) => sum + size, 0), processes: sizes.length, roles };
}

async function processSize(id: string): Promise<{ role: string; size: number } | undefined> {
  try {
    const [command, rollup] = await Promise.all([
      readFile(`/proc/${id}/cmdline`, "utf8"),
      readFile(`/proc/${id}/smaps_rollup`, "utf8"),
    ]);
    return { role: roleOf(command.split("\0")), size: Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) };
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

/** "agent" of "node /…/src/main.ts agent --node node1". */
export function roleOf(command: readonly string[]): string {
  const [program = "", script = "", role = ""] = command;
  return /\/node$/.test(program) && /\/main\.(ts|cjs)$/.test(script) && role !== "" ? role : "other";
}

/** Which processes there are, read from /proc. */
import { readdirSync, readFileSync } from "node:fs";

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

/** All processes below `root`, itself included. */
export function descendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    const parent = Number.isInteger(pid) ? parentOf(pid) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [root];
  for (let index = 0; index < found.length; index += 1) found.push(...(children.get(found[index]!) ?? []));
  return found;
}

/** The arguments a process was started with; empty when it is gone. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

/** "agent" for `node …/main.cjs agent …`; undefined for what is none of Fairway's processes. */
export function partOf(pid: number): string | undefined {
  const command = commandLine(pid);
  const main = command.findIndex((word) => /main\.(ts|cjs)$/.test(word));
  return main > 0 && /node$/.test(command[0] ?? "") ? command[main + 1] : undefined;
}

/** Which of `candidates` has this process id in the process namespace that lies directly below ours. */
export function fromInnerPid(candidates: number[], inner: number): number | undefined {
  return candidates.find((pid) => {
    try {
      const ids = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]?.split(/\s+/) ?? [];
      return Number(ids[1]) === inner;
    } catch {
      return false;
    }
  });
}

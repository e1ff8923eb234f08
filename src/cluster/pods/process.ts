import { readIfThere } from "./files.ts";

/** Whether a process id is still that of a container's PID 1: first in a PID namespace below the node's, and not a zombie. */
export async function isContainerProcess(pid: number): Promise<boolean> {
  const status = await readIfThere(`/proc/${pid}/status`);
  return status !== undefined && isFirstBelow(status);
}

/** `status` is the content of /proc/PID/status. NSpid lists the process's ids from the reader's PID namespace inwards. */
export function isFirstBelow(status: string): boolean {
  const ids = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
  const state = /^State:\s+(\S)/m.exec(status)?.[1];
  return ids.length > 1 && ids.at(-1) === "1" && state !== "Z" && state !== "X";
}

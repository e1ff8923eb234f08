/** Copies of other processes' descriptors: what they stand for outlives the process that made it. */
import { closeSync } from "node:fs";
import { getSystemErrorMessage } from "node:util";
import koffi from "koffi";

// The same on every architecture that Node runs on: pidfd_open(2) of Linux 5.3, pidfd_getfd(2) of 5.6.
const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;

const libc = koffi.load(null);
const syscall = libc.func("long syscall(long number, long first, long second, long third)");

/**
 * Copies descriptors of a process into this one and returns their numbers here, closed on exec. All or none: throws when the process is gone
 * (ESRCH), has no such descriptor (EBADF), or is not ours to look into (EPERM).
 */
export function copyDescriptors(pid: number, descriptors: readonly number[]): number[] {
  const copies: number[] = [];
  const handle = call("pidfd_open", PIDFD_OPEN, pid, 0, pid);
  try {
    for (const descriptor of descriptors) copies.push(call("pidfd_getfd", PIDFD_GETFD, handle, descriptor, pid));
    return copies;
  } catch (error) {
    closeDescriptors(copies);
    throw error;
  } finally {
    closeSync(handle);
  }
}

export function closeDescriptors(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) closeSync(descriptor);
}

function call(name: string, number: number, first: number, second: number, pid: number): number {
  const result = Number(syscall(number, first, second, 0));
  if (result >= 0) return result;
  throw new Error(`${name} of process ${pid}: ${getSystemErrorMessage(-koffi.errno()) ?? "unknown error"}`);
}

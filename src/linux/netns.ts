import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { startProgram } from "./program.ts";

/** Where iproute2 keeps named network namespaces. A node has a /run of its own, so names are unique only there. */
const netnsDirectory = "/run/netns";

export function netnsPath(name: string): string {
  return join(netnsDirectory, name);
}

export async function listNetns(): Promise<string[]> {
  return readdir(netnsDirectory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}

/** What a batch of `ip` commands could not do: the index of the command, and the kernel's or iproute2's words. */
export type BatchFailures = Map<number, string>;

/**
 * Runs many `ip` commands in one process and goes on after a failing one (ipBatch of links.ts stops there). `namespace` names the network namespace they run in.
 * Rejects only when `ip` itself could not run. Blocks nothing; a command that hangs is killed after 30 s.
 */
export async function tryIpCommands(commands: readonly string[], namespace?: string): Promise<BatchFailures> {
  if (commands.length === 0) return new Map();
  const ip = ["ip", "-force", "-batch", "-"];
  const [program = "ip", ...args] = namespace === undefined ? ip : ["nsenter", `--net=${netnsPath(namespace)}`, ...ip];
  const child = await startProgram(program, args, { input: `${commands.join("\n")}\n` });
  const timer = setTimeout(child.kill, 30_000);
  let stderr = "";
  child.stdout.resume();
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (stderr.length < 1 << 20) stderr += text;
  });
  const { code } = await child.ended;
  clearTimeout(timer);
  const failures = parseBatchErrors(stderr);
  if (code === 0 || failures.size > 0) return failures;
  throw new Error(`${program} ${args.join(" ")}: ${stderr.trim() || `exit status ${code}`}`);
}

/** iproute2 writes the reason first and then "Command failed FILE:LINE", counting lines from 1. */
export function parseBatchErrors(stderr: string): BatchFailures {
  const failures: BatchFailures = new Map();
  let reason: string[] = [];
  for (const line of stderr.split("\n")) {
    const failed = /^Command failed .*:(\d+)$/.exec(line);
    if (failed === null) {
      if (line.trim() !== "") reason.push(line.trim());
    } else {
      failures.set(Number(failed[1]) - 1, reason.join("; ") || "failed");
      reason = [];
    }
  }
  return failures;
}

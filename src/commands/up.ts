import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hostPaths, hostRoot } from "../cluster/config.ts";
import { askSupervisor, NotRunningError } from "../cluster/supervisor/control.ts";
import { keeperCommand, maximumManifest } from "../cluster/supervisor/launcher.ts";
import { standardInput, type UpOptions } from "../cluster/supervisor/options.ts";
import { patient } from "../cluster/supervisor/patience.ts";
import { missingTools } from "../cluster/supervisor/tools.ts";
import { become, runCommand } from "./command-line.ts";
import { completeStandardInput } from "./standard-input.ts";
import { type Flags, toOptions, upCommand } from "./up-flags.ts";

/** Milliseconds that a boot in the background is waited for: more than whatever it waits for itself takes (settle/, world.ts). */
const patience = 600_000;

export async function main(args: string[]): Promise<number> {
  return runCommand(upCommand(), args, async (_arguments, flags) => {
    if (process.getuid?.() !== 0)
      throw new Error("network namespaces are made by root only: run it as root (sudo fairway up …)");
    // First: parts of the cluster would stumble over what is no number.
    const longest = patient(patience);
    const options = await toOptions(flags as unknown as Flags);
    const missing = await missingTools();
    if (missing.length > 0) {
      const packages = [...new Set(missing.map(({ package: name }) => name))].join(" ");
      throw new Error(`${missing.map(({ tool }) => tool).join(", ")} not found: install the packages ${packages}`);
    }
    // Before anything is taken or started: until it has ended this is a process that Ctrl-C ends, and nothing else.
    if (options.manifests.includes(standardInput)) await completeStandardInput(dirname(hostRoot), maximumManifest);
    // npm start asks for both: who detaches means to leave.
    const keeper = keeperCommand(options, flags.endWithParent === true && !options.detach);
    if (options.detach) return detach(options, keeper, longest);
    // From here on this process is a small shell; signals and the terminal are its own.
    return become(keeper);
  });
}

/** Starts the keeper in a session of its own, shows its progress, and returns when the cluster is up. Rejects after `longest` milliseconds. */
async function detach(options: UpOptions, [program, ...args]: [string, ...string[]], longest: number): Promise<number> {
  const stdin = options.manifests.includes(standardInput) ? "inherit" : "ignore";
  const child = spawn(program, args, { detached: true, stdio: [stdin, "pipe", "pipe"], cwd: "/" });
  child.stderr.pipe(process.stderr, { end: false });
  child.stdout.pipe(process.stdout, { end: false });
  const ended = new Promise<number>((done) => child.once("close", (code) => done(code ?? 1)));
  const over = new AbortController();
  try {
    const late = sleep(longest, undefined, { signal: over.signal });
    const ready = askWhenThere(options.name, Date.now() + longest, over.signal);
    const first = await Promise.race([ended, ready, late]);
    if (first === undefined)
      throw new Error(
        `cluster "${options.name}" is not up after ${longest / 1000} s and goes on in the background; fairway status tells more, fairway down takes it away`,
      );
    if (typeof first === "number") return first;
    process.stdout.write(first.summary);
    return 0;
  } finally {
    over.abort();
    child.stderr.destroy();
    child.stdout.destroy();
    child.unref();
  }
}

/** Resolves to the summary once the cluster is up; never when that fails: the keeper ends then, or `end` (since the epoch) has come. */
async function askWhenThere(name: string, end: number, signal: AbortSignal): Promise<{ summary: string }> {
  while (!signal.aborted) {
    try {
      const timeout = Math.max(1, end - Date.now());
      const summary = await askSupervisor<string>(hostPaths(name).control, { op: "ready" }, timeout);
      return { summary };
    } catch (error) {
      if (!(error instanceof NotRunningError)) break;
      await sleep(20);
    }
  }
  return new Promise(() => {});
}

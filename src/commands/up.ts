import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hostPaths, hostRoot } from "../cluster/config.ts";
import { askSupervisor, NotRunningError } from "../cluster/supervisor/control.ts";
import { keeperCommand, maximumManifest } from "../cluster/supervisor/launcher.ts";
import { standardInput, type UpOptions } from "../cluster/supervisor/options.ts";
import { missingTools } from "../cluster/supervisor/tools.ts";
import { become, runCommand } from "./command-line.ts";
import { completeStandardInput } from "./standard-input.ts";
import { type Flags, toOptions, upCommand } from "./up-flags.ts";

export async function main(args: string[]): Promise<number> {
  return runCommand(upCommand(), args, async (_arguments, flags) => {
    if (process.getuid?.() !== 0)
      throw new Error("network namespaces are made by root only: run it as root (sudo fairway up …)");
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
    if (options.detach) return detach(options, keeper);
    // From here on this process is a small shell; signals and the terminal are its own.
    return become(keeper);
  });
}

/** Starts the keeper in a session of its own, shows its progress, and returns when the cluster is up. */
async function detach(options: UpOptions, [program, ...args]: [string, ...string[]]): Promise<number> {
  const stdin = options.manifests.includes(standardInput) ? "inherit" : "ignore";
  const child = spawn(program, args, { detached: true, stdio: [stdin, "pipe", "pipe"], cwd: "/" });
  child.stderr.pipe(process.stderr, { end: false });
  child.stdout.pipe(process.stdout, { end: false });
  const ended = new Promise<number>((done) => child.once("close", (code) => done(code ?? 1)));
  const ready = askWhenThere(options.name, ended);
  const first = await Promise.race([ended, ready]);
  child.stderr.destroy();
  child.stdout.destroy();
  child.unref();
  if (typeof first === "number") return first;
  process.stdout.write(first.summary);
  return 0;
}

/** Resolves to the summary once the cluster is up; never when it ends before. */
async function askWhenThere(name: string, ended: Promise<unknown>): Promise<{ summary: string }> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    try {
      const summary = await askSupervisor<string>(hostPaths(name).control, { op: "ready" }, 600_000);
      return { summary };
    } catch (error) {
      if (!(error instanceof NotRunningError)) break;
      await sleep(20);
    }
  }
  return new Promise(() => {});
}

import { type ChildProcess, spawn } from "node:child_process";
import { enterCommand } from "./rootfs.ts";
import type { Container, ContainerRuntime } from "./runtime.ts";
import { cleanEnvironment } from "./script.ts";

/** The command that runs a program in all namespaces of a running container, with its environment and identity. */
export function enterContainer({ spec, pid }: Container, argv: readonly string[]): string[] {
  const namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--root"];
  return ["nsenter", `--target=${pid}`, ...namespaces, "--", ...enterCommand(spec, argv, spec.workingDir ?? "/")];
}

/** Ends a command started with `detached`, with all that it started in its session's first process group. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

const longestOutput = 10 << 10;

/** Runs a command for a probe or hook. Rejects when it cannot be started or takes longer than `timeout` milliseconds. */
export async function execInContainer(
  runtime: ContainerRuntime,
  container: Container,
  argv: readonly string[],
  timeout: number,
): Promise<{ code: number; output: string }> {
  await runtime.ensureRoot(container);
  const [program = "", ...args] = enterContainer(container, argv);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: cleanEnvironment,
      cwd: "/",
    });
    let output = "";
    const take = (chunk: Buffer) => {
      if (output.length < longestOutput) output += chunk.toString().slice(0, longestOutput - output.length);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    const timer = setTimeout(() => {
      killGroup(child);
      reject(new Error(`command ${JSON.stringify(argv.join(" "))} timed out after ${timeout / 1000}s`));
    }, timeout);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? (signal === null ? 1 : 137), output });
    });
  });
}

import { spawn } from "node:child_process";

/** A command that could not be started, was killed, or left with a status other than 0. The message holds what it wrote to stderr. */
export class CommandError extends Error {
  readonly command: string;
  readonly code: number | null;
  readonly stderr: string;
  constructor(command: string, code: number | null, stderr: string, cause?: unknown) {
    super(`${command}: ${stderr.trim() || (code === null ? "was killed" : `exit status ${code}`)}`, { cause });
    this.name = "CommandError";
    this.command = command;
    this.code = code;
    this.stderr = stderr;
  }
}

export interface CommandOptions {
  input?: string | Uint8Array;
  env?: NodeJS.ProcessEnv;
  /** Milliseconds until SIGKILL; 30,000 when absent. */
  timeout?: number;
}

/** More than any listing of a kernel's tables; a program that writes more is killed. Bytes. */
const maximumOutput = 256 << 20;

/** Runs a program without a shell and resolves to its standard output. Never blocks the event loop. Rejects with CommandError. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: options.env ?? process.env,
      timeout: options.timeout ?? 30_000,
      killSignal: "SIGKILL",
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let size = 0;
    const collect = (chunks: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length;
      if (size > maximumOutput) child.kill("SIGKILL");
      else chunks.push(chunk);
    };
    child.stdout.on("data", collect(stdout));
    child.stderr.on("data", collect(stderr));
    child.on("error", (error) => reject(new CommandError(program, null, error.message, error)));
    child.on("close", (code) => {
      if (size > maximumOutput)
        reject(new CommandError(`${program} ${args.join(" ")}`, null, `wrote more than ${maximumOutput} bytes`));
      else if (code === 0) resolve(Buffer.concat(stdout).toString());
      else reject(new CommandError(`${program} ${args.join(" ")}`, code, Buffer.concat(stderr).toString()));
    });
    // A program may exit before it has read its input; its status tells why, not the broken pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input);
  });
}

import type { Readable } from "node:stream";
import { startProgram } from "./program.ts";

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
export async function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { input, env, timeout = 30_000 } = options;
  const child = await startProgram(program, args, { input, env }).catch((error: Error) => {
    throw new CommandError(program, null, error.message, error);
  });
  const timer = setTimeout(child.kill, timeout);
  let size = 0;
  const collect = (stream: Readable) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maximumOutput) child.kill();
      else chunks.push(chunk);
    });
    return () => Buffer.concat(chunks).toString();
  };
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const { code } = await child.ended;
  clearTimeout(timer);
  const command = `${program} ${args.join(" ")}`;
  if (size > maximumOutput) throw new CommandError(command, null, `wrote more than ${maximumOutput} bytes`);
  if (code !== 0) throw new CommandError(command, code, stderr());
  return stdout();
}

import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ending } from "./posix-spawn.ts";

export interface ProgramOptions {
  /** Nothing but these; absent, those of this process. */
  env?: NodeJS.ProcessEnv;
  /** Written to its standard input, which ends then; /dev/null when absent. */
  input?: string | Uint8Array;
  /** Makes it the leader of a session of its own. */
  newSession?: boolean;
}

/** A program that runs, or has run. Both outputs have to be read to their end. */
export interface Program {
  readonly pid: number;
  readonly stdout: Socket;
  readonly stderr: Socket;
  /** Resolves when it has ended and nobody writes to its outputs any more. */
  readonly ended: Promise<Ending>;
  /** Ends it, and does not wait for whoever else has its outputs. */
  kill(): void;
}

/** A program has closed its outputs a moment before its end can be asked for; few close them and go on. Milliseconds. */
const wait = { first: 1, longest: 50 };

/**
 * Starts a program, found in the PATH, without a shell. Rejects when it cannot be started. Node's spawn costs several times as much
 * (posix-spawn.ts), and is for those who need its message channel, a terminal, or inputs and outputs that are not these: written to while it
 * runs, a file, those of this process.
 */
export async function startProgram(
  program: string,
  args: readonly string[],
  { env = process.env, input, newSession }: ProgramOptions = {},
): Promise<Program> {
  // Loaded by whoever starts a program: most commands that people type start none.
  const { endingOf, openPipe, posixSpawn } = await import("./posix-spawn.ts");
  const descriptors: number[] = [];
  const pipe = () => {
    const ends = openPipe();
    descriptors.push(ends.read, ends.write);
    return ends;
  };
  const keep = (descriptor: number) => descriptors.splice(descriptors.indexOf(descriptor), 1)[0]!;
  try {
    const stdin = input === undefined ? undefined : pipe();
    const out = pipe();
    const err = pipe();
    const spawned = { env, stdin: stdin?.read, stdout: out.write, stderr: err.write, newSession };
    const pid = posixSpawn(program, args, spawned);
    const [stdout, stderr] = [out, err].map((ends) => new Socket({ fd: keep(ends.read), writable: false }));
    if (stdin !== undefined && input !== undefined) {
      // It may exit before it has read its input; its status tells why, not the broken pipe.
      new Socket({ fd: keep(stdin.write), readable: false }).on("error", () => {}).end(input);
    }
    let over = false;
    const closed = [stdout!, stderr!].map((stream) => new Promise<void>((resolve) => stream.once("close", resolve)));
    const ended = Promise.all(closed).then(async () => {
      for (let time = wait.first; ; time = Math.min(2 * time, wait.longest)) {
        const ending = endingOf(pid);
        over = ending !== undefined;
        if (ending !== undefined) return ending;
        await sleep(time);
      }
    });
    const kill = () => {
      // Not asked for its end yet, its id is nobody else's.
      if (over) return;
      process.kill(pid, "SIGKILL");
      stdout!.destroy();
      stderr!.destroy();
    };
    return { pid, stdout: stdout!, stderr: stderr!, ended, kill };
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}

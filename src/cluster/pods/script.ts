import { startProgram } from "../../linux/program.ts";

/** The only variables a script starts with: nothing of the agent's own environment reaches a container. */
export const cleanEnvironment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

/** A word of a shell command that means exactly `text`. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Runs a shell script given on standard input, in a session of its own so that what it leaves in the background outlives the caller.
 * Resolves to its standard output, of which at most 1 MiB is kept, whatever its exit status is: a script reports by what it writes.
 */
export async function runScript(script: string, timeout = 60_000): Promise<string> {
  const shell = await startProgram("/bin/sh", ["-s"], {
    input: `cd /\nexec 2>/dev/null\n${script}`,
    env: cleanEnvironment,
    newSession: true,
  });
  const timer = setTimeout(shell.kill, timeout);
  let output = "";
  shell.stderr.resume();
  shell.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (output.length < 1 << 20) output += text;
  });
  const { signal } = await shell.ended;
  clearTimeout(timer);
  if (signal !== null) throw new Error(`a shell script was killed by ${signal} after at most ${timeout} ms`);
  return output;
}

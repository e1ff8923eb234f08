import { setTimeout as sleep } from "node:timers/promises";
import { hostPaths } from "../cluster/config.ts";
import { ForbiddenError } from "../cluster/supervisor/control.ts";
import { exitWrongState } from "../cluster/supervisor/launcher.ts";
import { killWorld, removeLeftovers } from "../cluster/supervisor/leftovers.ts";
import { ask, NotUpError } from "../cluster/supervisor/session.ts";
import { command, runCommand, withName } from "./command-line.ts";

/** Milliseconds: for the supervisor's answer, then for an orderly stop, then for the kernel after a kill. */
const patience = { answer: 5000, stop: 15_000, kill: 10_000 };

const help = `
Everything goes: processes, namespaces, the link on the host. What --data keeps stays for the next fairway up.

Exit status: 0 it is gone; 1 it could not be taken down; ${exitWrongState} it was not up.`;

export async function main(args: string[]): Promise<number> {
  const target = withName(command("down", "Take a cluster away.")).addHelpText("after", help);
  return runCommand(target, args, async (_arguments, { name }) => down(String(name)));
}

async function down(name: string): Promise<number> {
  try {
    await ask(name, { op: "down" }, patience.answer);
  } catch (error) {
    if (error instanceof NotUpError || error instanceof ForbiddenError) throw error;
    process.stderr.write(`fairway: the supervisor does not answer (${(error as Error).message}); killing it\n`);
    await killWorld(name);
  }
  if (!(await isGone(name, patience.stop))) {
    process.stderr.write("fairway: the cluster does not stop; killing it\n");
    await killWorld(name);
    if (!(await isGone(name, patience.kill)))
      throw new Error(`cluster "${name}" is still there; see ${hostPaths(name).logs}/supervisor.log`);
  }
  process.stdout.write(`Cluster "${name}" is down.\n`);
  return 0;
}

async function isGone(name: string, patience: number): Promise<boolean> {
  const end = Date.now() + patience;
  while ((await removeLeftovers(name)) === "alive") {
    if (Date.now() > end) return false;
    await sleep(20);
  }
  return true;
}

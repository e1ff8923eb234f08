import { exitWrongState } from "../cluster/supervisor/launcher.ts";
import { connectedOverview } from "../cluster/supervisor/overview-of.ts";
import type { WorldStatus } from "../cluster/supervisor/protocol.ts";
import { ask } from "../cluster/supervisor/session.ts";
import { statusText } from "../cluster/supervisor/status-text.ts";
import { hasColors } from "../cluster/supervisor/summary.ts";
import { command, runCommand, withName } from "./command-line.ts";

const help = `
Exit status: 0 it is up; 1 it cannot be asked; ${exitWrongState} it is not up.`;

export async function main(args: string[]): Promise<number> {
  const target = withName(command("status", "Show the machines, processes and objects of a cluster."))
    .option("--json", "as JSON, with the memory of every role", false)
    .addHelpText("after", help);
  return runCommand(target, args, async (_arguments, flags) => {
    const status = await ask<WorldStatus>(String(flags.name), { op: "status", memory: true });
    const overview = await connectedOverview(status.kubeconfig);
    const text = flags.json
      ? `${JSON.stringify({ ...status, api: overview }, null, 2)}\n`
      : statusText(status, overview, hasColors(process.stdout));
    process.stdout.write(text);
    return 0;
  });
}

import { readFile } from "node:fs/promises";
import { hostPaths } from "../cluster/config.ts";
import { ask } from "../cluster/supervisor/session.ts";
import { command, runCommand, withName } from "./command-line.ts";

const help = `
Examples:
  export KUBECONFIG=$(fairway kubeconfig --path)
  fairway kubeconfig > ~/lab.kubeconfig`;

export async function main(args: string[]): Promise<number> {
  const target = withName(command("kubeconfig", "Print the administrator's kubeconfig of a cluster."))
    .option("--path", "print where the file is instead", false)
    .addHelpText("after", help);
  return runCommand(target, args, async (_arguments, { name, path }) => {
    const { kubeconfig } = hostPaths(String(name));
    await ask(String(name), { op: "status" });
    process.stdout.write(path ? `${kubeconfig}\n` : await readFile(kubeconfig, "utf8"));
    return 0;
  });
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { hostPaths } from "../cluster/config.ts";
import { Progress } from "../cluster/supervisor/progress.ts";
import { type SettleOptions, type ShowOptions, settle } from "../cluster/supervisor/settle/settle.ts";
import { summary } from "../cluster/supervisor/summary.ts";

/** Started by the supervisor at boot, with its options as JSON: applies manifests, waits until the cluster has settled, prints the summary. */
export async function main([text = ""]: string[]): Promise<number> {
  if (text === "") {
    process.stderr.write("fairway settle is a part of fairway up, which applies manifests with -f\n");
    return 2;
  }
  const { json, color, foreground, ...options } = JSON.parse(text) as SettleOptions & ShowOptions;
  const { started } = options;
  try {
    const overview = await settle(options, new Progress(process.stderr, started));
    const { kubeconfig } = hostPaths(options.name);
    const took = Date.now() - started;
    const checkout = import.meta.filename.endsWith(".ts") || existsSync(join(import.meta.dirname, "../src"));
    const command = checkout ? "bin/fairway" : "fairway";
    const shown = json
      ? `${JSON.stringify({ name: options.name, kubeconfig, bootMilliseconds: took, ...overview }, null, 2)}\n`
      : summary(overview, { name: options.name, kubeconfig, command, took, foreground, color });
    process.stdout.write(shown);
    return 0;
  } catch (error) {
    process.stderr.write(`fairway: ${(error as Error).message}\n`);
    return 1;
  }
}

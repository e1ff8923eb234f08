import type { UpOptions } from "../cluster/supervisor/options.ts";
import { supervise } from "../cluster/supervisor/supervisor.ts";

/** Started by the world's init only (cluster/supervisor/launcher.ts): options as JSON, and init's process id on the host. */
export async function main([options = "", hostPid = ""]: string[]): Promise<number> {
  if (process.ppid !== 1 || options === "") {
    process.stderr.write("fairway supervisor is a part of a cluster; start one with: fairway up\n");
    return 2;
  }
  const status = await supervise(JSON.parse(options) as UpOptions, Number(hostPid));
  // What still runs goes with the world.
  process.exit(status);
}

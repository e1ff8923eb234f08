import { readFile } from "node:fs/promises";
import type { Logger } from "../../role/log.ts";
import { cleanupIptables, cleanupOtherBackend } from "./iptables/cleanup.ts";
import { findFamilies } from "./iptables/open.ts";
import { device } from "./ipvs/schema.ts";
import { cleanupNftables } from "./nftables/cleanup.ts";
import { takeSteps } from "./steps.ts";
import { cleanupUserspace } from "./userspace/cleanup.ts";

export { cleanupIptables, cleanupNftables, cleanupOtherBackend, cleanupUserspace };

/** Takes away the rules of every mode, of this program and of kube-proxy. One that cannot be cleaned up does not keep the others. */
export async function cleanupAll(log: Logger): Promise<void> {
  await takeSteps([
    () => cleanupIptables(log),
    () => cleanupNftables({ own: true }),
    () => cleanupUserspace(),
    // Last: rules of kube-proxy's ipvs mode, which refer to its sets, are in chains of the iptables mode's names.
    () => cleanupIpvs(log, { own: true }),
  ]);
}

/** What ipvs modes left: kube-proxy's, and with `own` this program's. Its device is the last to go: without it there is nothing to load. */
export async function cleanupIpvs(log: Logger, { own }: { own: boolean }): Promise<void> {
  if (!(await readFile("/proc/self/net/dev", "utf8")).includes(`${device}:`)) return;
  const { removeLeft } = await import("./ipvs/cleanup.ts");
  await removeLeft(await findFamilies(log), { own });
}

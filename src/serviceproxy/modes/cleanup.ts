import type { Logger } from "../../role/log.ts";
import { cleanupIptables, cleanupOtherBackend } from "./iptables/cleanup.ts";
import { cleanupNftables } from "./nftables/cleanup.ts";
import { cleanupUserspace } from "./userspace/cleanup.ts";

export { cleanupIptables, cleanupNftables, cleanupOtherBackend, cleanupUserspace };

/** Takes away the rules of every mode, of this program and of kube-proxy. One that cannot be cleaned up does not keep the others. */
export async function cleanupAll(log: Logger): Promise<void> {
  const done = await Promise.allSettled([cleanupIptables(log), cleanupNftables({ own: true }), cleanupUserspace()]);
  const failures = done.filter((result) => result.status === "rejected").map(({ reason }) => reason as Error);
  if (failures.length > 0) throw new AggregateError(failures, failures.map(({ message }) => message).join("; "));
}

import type { Logger } from "../../role/log.ts";
import { createIptablesMode } from "./iptables/mode.ts";
import { findFamilies } from "./iptables/open.ts";
import { cleanupNftables } from "./nftables/cleanup.ts";
import { cleanupUserspace } from "./userspace/cleanup.ts";

export { cleanupNftables, cleanupUserspace };

/** Takes away the rules of every mode, of this program and of kube-proxy. */
export async function cleanupAll(log: Logger): Promise<void> {
  await Promise.all([cleanupIptables(log), cleanupNftables({ own: true }), cleanupUserspace()]);
}

export async function cleanupIptables(log: Logger): Promise<void> {
  for (const iptables of await findFamilies(log)) {
    const config = (): never => {
      throw new Error("a cleanup writes no rules");
    };
    await createIptablesMode(iptables, config).cleanup();
  }
}

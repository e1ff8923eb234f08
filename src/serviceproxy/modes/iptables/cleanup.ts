import { readFile } from "node:fs/promises";
import { findIptables, type Iptables } from "../../../linux/iptables.ts";
import type { Logger } from "../../../role/log.ts";
import { takeSteps } from "../steps.ts";
import { createIptablesMode } from "./mode.ts";
import { findFamilies } from "./open.ts";

/** Takes away the rules of every mode that has rules of iptables, in both of its backends. */
export async function cleanupIptables(log: Logger): Promise<void> {
  const families = await findFamilies(log);
  await takeSteps([...families.map((iptables) => () => cleanup(iptables)), () => cleanupOtherBackend(families)]);
}

/**
 * Takes away what an earlier run left in the backend that is not in use: the rules of both hold side by side, and nobody would follow the old
 * ones any more. A backend that was never used here is not touched: asking for its tables would make them.
 */
export async function cleanupOtherBackend(inUse: readonly Iptables[]): Promise<void> {
  await takeSteps(
    inUse.map(({ family, version }) => async () => {
      const other = version.backend === "nft" ? "legacy" : "nft";
      if (other === "legacy" && !(await hasLegacyTables(family))) return;
      const iptables = await findIptables(family, other).catch(() => undefined);
      if (iptables !== undefined) await cleanup(iptables);
    }),
  );
}

async function hasLegacyTables(family: Iptables["family"]): Promise<boolean> {
  const names = await readFile(`/proc/net/ip${family === 4 ? "" : "6"}_tables_names`, "utf8").catch(() => "");
  return /^nat$/m.test(names);
}

async function cleanup(iptables: Iptables): Promise<void> {
  const config = (): never => {
    throw new Error("a cleanup writes no rules");
  };
  await createIptablesMode(iptables, config).cleanup();
}

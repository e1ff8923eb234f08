import { run } from "../../../linux/command.ts";
import type { Iptables } from "../../../linux/iptables.ts";
import { DescriptorBudget } from "../../../net/budget.ts";
import type { Logger } from "../../../role/log.ts";
import type { ServicePort } from "../../table.ts";
import type { IptablesConfig } from "../iptables/config.ts";
import { createIptablesMode } from "../iptables/mode.ts";
import { UserspaceMode } from "./mode.ts";
import { type PortBounds, PortRange } from "./port-range.ts";
import { socketAddresses } from "./redirect.ts";

export interface UserspaceSettings {
  portBounds?: PortBounds;
  /** Milliseconds. */
  udpTimeout: number;
}

/** The rules of one family, as the iptables mode would have them. */
export interface FamilyRules {
  iptables: Iptables;
  config: () => IptablesConfig;
}

/** Enough for 100,000 connections; more would be a fault, and bounded memory is worth more. */
const mostDescriptors = 262_144;
/** Milliseconds between two log lines about clients that could not be served. */
const quiet = 10_000;

/** Opens the mode for the families whose rules are given. */
export async function openUserspace(
  settings: UserspaceSettings,
  families: readonly FamilyRules[],
  log: Logger,
): Promise<UserspaceMode[]> {
  await raiseOpenFiles(log);
  const budget = await DescriptorBudget.ofProcess(mostDescriptors);
  const report = createReports(log);
  const { portBounds, udpTimeout } = settings;
  return families.map(({ iptables, config }) => {
    const own = () => ({ ...config(), socketAddress: socketAddresses[iptables.family] });
    const rules = createIptablesMode(iptables, own);
    return new UserspaceMode({ rules, budget, portRange: new PortRange(portBounds), udpTimeout, ...report });
  });
}

/** Node has raised the soft limit to the hard one already; root can raise that too (prlimit(1)). */
async function raiseOpenFiles(log: Logger): Promise<void> {
  await run("prlimit", ["--pid", String(process.pid), `--nofile=${mostDescriptors}:${mostDescriptors}`]).catch(
    (error: Error) => log.warn({ err: error }, "the limit of open files stays as it is"),
  );
}

/** Log lines that do not flood: each Service that is skipped once, clients that were not served every few seconds with their number. */
export function createReports(log: Logger, now: () => number = () => performance.now()) {
  const skipped = new Set<string>();
  let refusals = 0;
  let lastTold = Number.NEGATIVE_INFINITY;
  return {
    skipped({ key, name }: ServicePort): void {
      if (skipped.has(key)) return;
      skipped.add(key);
      log.warn({ service: name }, "the userspace mode has no SCTP: the port is not served");
    },
    refused({ name, protocol }: ServicePort, error: Error): void {
      refusals += 1;
      if (now() - lastTold < quiet) return;
      lastTold = now();
      log.warn({ err: error, service: name, protocol, clients: refusals }, "clients could not be served");
      refusals = 0;
    },
  };
}

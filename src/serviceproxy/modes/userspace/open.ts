import { run } from "../../../linux/command.ts";
import { DescriptorBudget } from "../../../net/budget.ts";
import type { Logger } from "../../../role/log.ts";
import { parsePortRange } from "../../config/validate.ts";
import type { ServicePort } from "../../table.ts";
import type { ModeContext } from "../context.ts";
import { createIptablesMode } from "../iptables/mode.ts";
import { type OpenIptables, openIptables } from "../iptables/open.ts";
import { UserspaceMode } from "./mode.ts";
import { kernelPorts, PortRange } from "./port-range.ts";
import { socketAddresses } from "./redirect.ts";

/** Enough for 100,000 connections; more would be a fault, and bounded memory is worth more. */
const mostDescriptors = 262_144;
/** Milliseconds between two log lines about clients that could not be served. */
const quiet = 10_000;

export interface OpenUserspace extends OpenIptables<UserspaceMode> {
  close(): void;
}

/** Opens the mode for the families that this machine has iptables for. */
export async function openUserspace(context: ModeContext): Promise<OpenUserspace> {
  const { settings, log } = context;
  const { portRange: range, udpIdleTimeout: udpTimeout } = settings.configuration;
  const portRange = new PortRange(parsePortRange(range) ?? (await kernelPorts()));
  await raiseOpenFiles(log);
  const budget = await DescriptorBudget.ofProcess(mostDescriptors);
  const reports = createReports(log);
  const opened = await openIptables(context, (iptables, config, refused) => {
    const rules = createIptablesMode(
      iptables,
      () => ({ ...config(), socketAddress: socketAddresses[iptables.family] }),
      refused,
    );
    return new UserspaceMode({ rules, budget, portRange, udpTimeout, ...reports });
  });
  return {
    ...opened,
    close() {
      for (const mode of opened.modes) mode.close();
    },
  };
}

/** Node has raised the soft limit to the hard one already; root can raise that too (prlimit(1)). */
async function raiseOpenFiles(log: Logger): Promise<void> {
  await run("prlimit", ["--pid", String(process.pid), `--nofile=${mostDescriptors}:${mostDescriptors}`]).catch(
    (error: Error) => log.warn({ error: error.message }, "the limit of open files stays as it is"),
  );
}

/** Log lines that do not flood: each Service that is skipped once, clients that were not served every few seconds with their number. */
export function createReports(log: Logger, now: () => number = () => performance.now()) {
  const skipped = new Set<string>();
  let clients = 0;
  let lastTold = Number.NEGATIVE_INFINITY;
  return {
    skipped({ key, name }: ServicePort): void {
      if (skipped.has(key)) return;
      skipped.add(key);
      log.warn({ service: name }, "the userspace mode has no SCTP: the port is not served");
    },
    refused({ name, protocol }: ServicePort, error: Error): void {
      clients += 1;
      if (now() - lastTold < quiet) return;
      lastTold = now();
      log.warn({ error: error.message, service: name, protocol, clients }, "clients could not be served");
      clients = 0;
    },
  };
}

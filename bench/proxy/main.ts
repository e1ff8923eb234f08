/** The service proxy's figures: `npm run bench -- proxy --help`. */
import { cpus, release } from "node:os";
import type { ProxyMode } from "../../src/serviceproxy/config/modes.ts";
import { measureInChild, type Parts } from "./child.ts";
import { formatSize, type Size } from "./objects.ts";
import { OptionError, type Options, parseOptions, usage } from "./options.ts";
import { heardModes } from "./processes.ts";
import type { Measured, Report } from "./report.ts";
import { processTable, syncTable, trafficTable } from "./tables.ts";
import { missingTools, type TrafficFigures } from "./traffic.ts";

const sizes = (services: number[], endpoints: number[]): Size[] =>
  services.flatMap((count) => endpoints.map((of) => ({ services: count, endpoints: of })));

/** The rules of iptables grow with the endpoints, and every write of them costs the kernel a look at all: 10,000 x 10 is left out. */
const rulesSizes = [...sizes([1000, 5000], [2, 10]), ...sizes([10_000], [2])];
const manySizes = [...sizes([100], [2]), ...sizes([1000, 5000, 10_000], [2, 10]), ...sizes([44_000, 100_000], [2])];
const syncSizes: Partial<Record<ProxyMode, Size[]>> = {
  nftables: manySizes,
  iptables: rulesSizes,
  userspace: rulesSizes,
};
const trafficSizes = sizes([2, 10_000], [2]);
const processSizes = sizes([1000, 5000, 10_000], [2]);

/** Milliseconds: after which no more changes of a kind are begun, and after which a measurement is given up. */
const patience = 20_000;
const timeouts = { sync: 240_000, traffic: 240_000, processes: 2_400_000 };

export async function main(args: string[]): Promise<void> {
  let options: Options | undefined;
  try {
    options = parseOptions(args, process.env);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    process.stderr.write(`bench proxy: ${error.message}; --help tells more\n`);
    process.exitCode = 2;
    return;
  }
  if (options === undefined) {
    process.stdout.write(usage);
    return;
  }
  const { json } = options;
  const show = (text: string) => json || process.stdout.write(`${text}\n`);
  const machine = { kernel: release(), processors: cpus().length, node: process.version };
  const report: Report = { machine };
  show(`Linux ${machine.kernel}, ${machine.processors} processors, Node ${machine.node}\n`);
  for (const part of options.parts) {
    switch (part) {
      case "sync":
        report.sync = await measureAllSyncs(options);
        show(syncTable(report.sync));
        break;
      case "traffic":
        report.traffic = await measureAllTraffic(options);
        show(trafficTable(report.traffic));
        break;
      case "processes":
        report.processes = await measureAllProcesses(options);
        show(processTable(report.processes, options.kubeProxy !== undefined));
    }
  }
  if (json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
}

async function measureAllSyncs({ modes, sizes: chosen, changes }: Options) {
  const measured: NonNullable<Report["sync"]> = [];
  for (const mode of modes)
    for (const size of chosen ?? syncSizes[mode] ?? manySizes) {
      const task = { ...size, mode, changes, patience };
      measured.push({ mode, size, figures: await attempt(`sync ${mode} ${formatSize(size)}`, "sync", task) });
    }
  return measured;
}

async function measureAllTraffic({ modes, sizes: chosen, seconds, rounds }: Options) {
  const missing = await missingTools();
  if (missing.length > 0)
    return {
      failed: `programs are missing: ${missing.join(", ")}; install them: apt-get install ${missing.join(" ")}`,
    };
  const measured: { mode: ProxyMode; services: number; figures: Measured<TrafficFigures> }[] = [];
  for (const { services } of chosen ?? trafficSizes)
    for (const mode of modes) {
      const task = { mode, services, seconds, rounds };
      const figures = await attempt(`traffic ${mode}, ${services} Services`, "traffic", task);
      measured.push({ mode, services, figures });
    }
  return measured;
}

async function measureAllProcesses({ modes, sizes: chosen, changes, kubeProxy }: Options) {
  const measured: NonNullable<Report["processes"]> = [];
  const heard = modes.filter((mode) => heardModes.includes(mode));
  for (const size of chosen ?? processSizes) {
    const task = { ...size, modes: heard, kubeProxy, changes, patience };
    measured.push({ size, figures: await attempt(`processes ${formatSize(size)}`, "processes", task) });
  }
  return measured;
}

async function attempt<P extends keyof Parts>(
  what: string,
  part: P,
  task: Parts[P]["task"],
): Promise<Measured<Parts[P]["figures"]>> {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what} …`);
  try {
    return await measureInChild(part, task, timeouts[part]);
  } catch (error) {
    return { failed: reasonOf((error as Error).message, timeouts[part]) };
  } finally {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  }
}

/** Of what a child wrote, the line that names the error. */
function reasonOf(message: string, timeout: number): string {
  if (message.endsWith("was killed")) return `given up after ${timeout / 1000} s`;
  return /^(?:\w*Error: )(.*)$/m.exec(message)?.[1] ?? message;
}

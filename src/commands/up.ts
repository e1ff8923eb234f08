import { spawn } from "node:child_process";
import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { hostPaths, type Timings } from "../cluster/config.ts";
import { askSupervisor, NotRunningError } from "../cluster/supervisor/control.ts";
import { exitWrongState, keeperCommand } from "../cluster/supervisor/launcher.ts";
import {
  checkOptions,
  defaultOptions,
  maximumNodes,
  OptionError,
  presets,
  type UpOptions,
} from "../cluster/supervisor/options.ts";
import { missingTools } from "../cluster/supervisor/tools.ts";
import { become, command, duration, runCommand, wholeNumber } from "./command-line.ts";

const examples = `
Examples:
  fairway up                                a cluster of three nodes; Ctrl-C takes it away
  fairway up -f examples/nodeport.yaml      with these objects in it from the start
  fairway up --detach --data /var/lib/lab   in the background; objects outlive fairway down
  fairway up --name other --nodes 1         another one beside it

Exit status: 0 the cluster was taken down in order; 1 it could not come up, or failed;
  2 bad options; ${exitWrongState} a cluster of that name is up already.`;

interface Flags {
  name: string;
  nodes: number;
  filename: string[];
  data?: string;
  images?: string;
  detach: boolean;
  json: boolean;
  nodeCidr?: string;
  podCidr: string;
  serviceCidr: string;
  nodePortRange: [number, number];
  apiPort: number;
  timings: keyof typeof presets;
  leaseRenewInterval?: number;
  nodeMonitorGracePeriod?: number;
  podEvictionTimeout?: number;
}

export function upCommand(): Command {
  const { podCIDR, serviceCIDR, nodePortRange, apiPort, name, nodes } = defaultOptions;
  const up = command("up", "Bring up a cluster of network namespaces on this machine.")
    .option("--name <name>", "name of the cluster; several can be up side by side", name)
    .option("--nodes <count>", `number of nodes, 1 to ${maximumNodes}`, wholeNumber(1, maximumNodes), nodes)
    .option("-f, --filename <path...>", "apply these manifests (files, or directories of them)", [])
    .option("--data <directory>", "keep objects and keys here; without it they go with the cluster")
    .option("--images <file>", "more images: which program an image name stands for")
    .option("--detach", "return when the cluster is up, and leave it running", false)
    .option("--end-with-parent", "go down in order when the process that started this one ends", false)
    .option("--json", "print the summary as JSON", false)
    .option("--node-cidr <range>", "a /24 for the nodes (default: a free one of 198.18.0.0/15)")
    .option("--pod-cidr <range>", "range of the Pods; every node gets a /22 of it", podCIDR)
    .option("--service-cidr <range>", "range of the Services", serviceCIDR)
    .option("--node-port-range <first-last>", "ports of NodePort Services", portRange, nodePortRange)
    .option("--api-port <port>", "port of the API server", wholeNumber(1, 65_535), apiPort)
    .option("--timings <preset>", "how soon a dead node is noticed: fast or kubernetes", preset, "fast")
    .option("--lease-renew-interval <duration>", "how often a node says that it lives", duration)
    .option(
      "--node-monitor-grace-period <duration>",
      "without a sign of life for this long a node is not ready",
      duration,
    )
    .option("--pod-eviction-timeout <duration>", "how long Pods stay bound to a node that is not ready", duration)
    .addHelpText("after", examples);
  // Their defaults read better than what commander makes of the values.
  up.options.find(({ long }) => long === "--filename")!.defaultValue = undefined;
  up.options.find(({ long }) => long === "--node-port-range")!.defaultValueDescription = nodePortRange.join("-");
  return up;
}

function portRange(text: string): [number, number] {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const port = wholeNumber(1, 65_535);
  if (match === null) throw new InvalidArgumentError("It must look like 30000-32767.");
  return [port(match[1]!), port(match[2]!)];
}

function preset(text: string): string {
  if (!(text in presets)) throw new InvalidArgumentError(`It is one of ${Object.keys(presets).join(", ")}.`);
  return text;
}

/** Absolute, and there; not under /run, which the cluster has one of its own. */
async function existingPath(flag: string, path: string, kind: "file" | "file or directory"): Promise<string> {
  const real = await realpath(path).catch((error: Error) => {
    throw new OptionError(flag, `${path} cannot be read (${error.message})`);
  });
  const status = await stat(real);
  if (!status.isFile() && !(status.isDirectory() && kind !== "file"))
    throw new OptionError(flag, `${path} is no regular ${kind}`);
  return outsideRun(flag, real);
}

function outsideRun(flag: string, path: string): string {
  if (/^\/(var\/)?run(\/|$)/.test(path))
    throw new OptionError(
      flag,
      `${path} is under /run, which a cluster cannot see (it has one of its own); put it elsewhere`,
    );
  return path;
}

export async function toOptions(flags: Flags): Promise<UpOptions> {
  const chosen = presets[flags.timings]!;
  const timings: Timings = {
    leaseRenewInterval: flags.leaseRenewInterval ?? chosen.leaseRenewInterval,
    nodeMonitorGrace: flags.nodeMonitorGracePeriod ?? chosen.nodeMonitorGrace,
    podEviction: flags.podEvictionTimeout ?? chosen.podEviction,
  };
  const options: UpOptions = {
    name: flags.name,
    nodes: flags.nodes,
    manifests: await Promise.all((flags.filename ?? []).map((path) => existingPath("-f", path, "file or directory"))),
    dataDir: flags.data === undefined ? undefined : outsideRun("--data", resolve(flags.data)),
    imagesFile: flags.images === undefined ? undefined : await existingPath("--images", flags.images, "file"),
    nodeCIDR: flags.nodeCidr,
    podCIDR: flags.podCidr,
    serviceCIDR: flags.serviceCidr,
    nodePortRange: flags.nodePortRange,
    apiPort: flags.apiPort,
    timings,
    detach: flags.detach,
    json: flags.json,
  };
  checkOptions(options);
  return options;
}

export async function main(args: string[]): Promise<number> {
  return runCommand(upCommand(), args, async (_arguments, flags) => {
    const options = await toOptions(flags as unknown as Flags);
    if (process.getuid?.() !== 0)
      throw new Error("network namespaces are made by root only: run it as root (sudo fairway up …)");
    const missing = await missingTools();
    if (missing.length > 0) {
      const packages = [...new Set(missing.map(({ package: name }) => name))].join(" ");
      throw new Error(`${missing.map(({ tool }) => tool).join(", ")} not found: install the packages ${packages}`);
    }
    const keeper = keeperCommand(options, flags.endWithParent === true);
    if (options.detach) return detach(options, keeper);
    // From here on this process is a small shell; signals and the terminal are its own.
    return become(keeper);
  });
}

/** Starts the keeper in a session of its own, shows its progress, and returns when the cluster is up. */
async function detach(options: UpOptions, [program, ...args]: [string, ...string[]]): Promise<number> {
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"], cwd: "/" });
  child.stderr.pipe(process.stderr, { end: false });
  child.stdout.pipe(process.stdout, { end: false });
  const ended = new Promise<number>((done) => child.once("close", (code) => done(code ?? 1)));
  const ready = askWhenThere(options.name, ended);
  const first = await Promise.race([ended, ready]);
  child.stderr.destroy();
  child.stdout.destroy();
  child.unref();
  if (typeof first === "number") return first;
  process.stdout.write(first.summary);
  return 0;
}

/** Resolves to the summary once the cluster is up; never when it ends before. */
async function askWhenThere(name: string, ended: Promise<unknown>): Promise<{ summary: string }> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    try {
      const summary = await askSupervisor<string>(hostPaths(name).control, { op: "ready" }, 600_000);
      return { summary };
    } catch (error) {
      if (!(error instanceof NotRunningError)) break;
      await new Promise((done) => setTimeout(done, 20));
    }
  }
  return new Promise(() => {});
}

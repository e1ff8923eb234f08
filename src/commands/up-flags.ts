import { mkdir, realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { Timings } from "../cluster/config.ts";
import { maximumNodes } from "../cluster/supervisor/addresses.ts";
import { exitInterrupted, exitWrongState } from "../cluster/supervisor/launcher.ts";
import { OptionError } from "../cluster/supervisor/option-error.ts";
import {
  checkOptions,
  defaultOptions,
  type IPFamilyChoice,
  ipFamilyChoices,
  presets,
  standardInput,
  type UpOptions,
} from "../cluster/supervisor/options.ts";
import type { ChosenModes } from "../cluster/supervisor/proxy-modes.ts";
import { proxyModes } from "../serviceproxy/config/modes.ts";
import { command, duration, wholeNumber } from "./command-line.ts";
import { chosenModes } from "./proxy-mode.ts";

const examples = `
Examples:
  fairway up                               a cluster of three nodes until Ctrl-C
  fairway up -f examples/nodeport.yaml     with these objects from the start
  fairway up --detach --data /var/lib/lab  in the background; objects outlive it
  fairway up --name other --nodes 1        another one beside it
  fairway up --zones east,west             in two zones, for trafficDistribution
  fairway up --proxy-mode nftables,node2=userspace
                                           one mode on node2, another elsewhere

Exit status: 0 the cluster was taken down in order; 1 it could not come up, or
  failed; 2 bad options; ${exitWrongState} a cluster of that name is up already;
  ${exitInterrupted} it was stopped (Ctrl-C, fairway down) before it was up.`;

export interface Flags {
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
  ipFamily: IPFamilyChoice;
  nodeCidrIpv6?: string;
  podCidrIpv6: string;
  serviceCidrIpv6: string;
  nodePortRange: [number, number];
  apiPort: number;
  zones?: string[];
  proxyMode: ChosenModes;
  timings: keyof typeof presets;
  leaseRenewInterval?: number;
  nodeMonitorGracePeriod?: number;
  podEvictionTimeout?: number;
}

export function upCommand(): Command {
  const { podCIDR, serviceCIDR, ipv6, nodePortRange, apiPort, name, nodes } = defaultOptions;
  const up = command("up", "Bring up a cluster of network namespaces on this machine.")
    .option("--name <name>", "name of the cluster; several can be up side by side", name)
    .option("--nodes <count>", `number of nodes, 1 to ${maximumNodes}`, wholeNumber(1, maximumNodes), nodes)
    .option(
      "-f, --filename <path...>",
      "apply these manifests (files, directories of them, or - for standard input)",
      [],
    )
    .option("--data <directory>", "keep objects and keys here; without it they go with the cluster")
    .option("--images <file>", "more images: which program an image name stands for")
    .option("--detach", "return when the cluster is up, and leave it running", false)
    .option("--end-with-parent", "go down in order when the process that started this one ends, unless detached", false)
    .option("--json", "print the summary as JSON", false)
    .option("--node-cidr <range>", "a /24 for the nodes (default: a free one of 198.18.0.0/15)")
    .option("--pod-cidr <range>", "range of the Pods; every node gets a /22 of it", podCIDR)
    .option("--service-cidr <range>", "range of the Services", serviceCIDR)
    .option("--ip-family <family>", "dual: IPv4 and IPv6, where the host has it; ipv4: IPv4 alone", ipFamily, "dual")
    .option("--node-cidr-ipv6 <range>", "a /64 for the nodes (default: fd00:198:18::/64 for 198.18.0.0/24, and so on)")
    .option("--pod-cidr-ipv6 <range>", "IPv6 range of the Pods; every node gets a /64 of it", ipv6.podCIDR)
    .option("--service-cidr-ipv6 <range>", "IPv6 range of the Services", ipv6.serviceCIDR)
    .option("--node-port-range <first-last>", "ports of NodePort Services", portRange, nodePortRange)
    .option("--api-port <port>", "port of the API server", wholeNumber(1, 65_535), apiPort)
    .option(
      "--proxy-mode <modes>",
      `how Services are served: ${proxyModes.join(", ")}; of one node: NODE=MODE; several with commas, or the flag again`,
      chosenModes,
      { nodes: {} },
    )
    .option("--zones <names>", "zones of the nodes, dealt out in turn: a,b,c", (text: string) => text.split(","), [])
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
  for (const name of ["--filename", "--zones"]) up.options.find(({ long }) => long === name)!.defaultValue = undefined;
  up.options.find(({ long }) => long === "--node-port-range")!.defaultValueDescription = nodePortRange.join("-");
  const modes = up.options.find(({ long }) => long === "--proxy-mode")!;
  modes.defaultValueDescription = "what --data remembers, else iptables";
  return up;
}

function portRange(text: string): [number, number] {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const port = wholeNumber(1, 65_535);
  if (match === null) throw new InvalidArgumentError("It must look like 30000-32767.");
  return [port(match[1]!), port(match[2]!)];
}

function ipFamily(text: string): IPFamilyChoice {
  const choice = ipFamilyChoices.find((one) => one === text);
  if (choice === undefined) throw new InvalidArgumentError(`It is one of ${ipFamilyChoices.join(", ")}.`);
  return choice;
}

function preset(text: string): string {
  if (!Object.hasOwn(presets, text)) throw new InvalidArgumentError(`It is one of ${Object.keys(presets).join(", ")}.`);
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

async function manifestPaths({ filename = [] }: Flags): Promise<string[]> {
  if (filename.filter((path) => path === standardInput).length > 1)
    throw new OptionError("-f", "- (standard input) can be read only once");
  const absolute = (path: string) => (path === standardInput ? path : existingPath("-f", path, "file or directory"));
  return Promise.all(filename.map(absolute));
}

function outsideRun(flag: string, path: string): string {
  if (/^\/(var\/)?run(\/|$)/.test(path))
    throw new OptionError(
      flag,
      `${path} is under /run, which a cluster cannot see (it has one of its own); put it elsewhere`,
    );
  return path;
}

async function dataDirectory(path: string): Promise<string> {
  const directory = outsideRun("--data", resolve(path));
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return outsideRun("--data", await realpath(directory));
  } catch (error) {
    if (error instanceof OptionError) throw error;
    throw new OptionError("--data", `${path} cannot be used (${(error as Error).message})`);
  }
}

/** A mistake in it is told now, not by an agent later. */
async function imagesFile(path: string): Promise<string> {
  const file = await existingPath("--images", path, "file");
  const { ImageFileError, loadImageTable } = await import("../cluster/pods/image-file.ts");
  await loadImageTable(file).catch((error: Error) => {
    throw error instanceof ImageFileError ? new OptionError("--images", error.message) : error;
  });
  return file;
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
    manifests: await manifestPaths(flags),
    imagesFile: flags.images === undefined ? undefined : await imagesFile(flags.images),
    nodeCIDR: flags.nodeCidr,
    podCIDR: flags.podCidr,
    serviceCIDR: flags.serviceCidr,
    ipFamily: flags.ipFamily,
    ipv6: { nodeCIDR: flags.nodeCidrIpv6, podCIDR: flags.podCidrIpv6, serviceCIDR: flags.serviceCidrIpv6 },
    nodePortRange: flags.nodePortRange,
    apiPort: flags.apiPort,
    zones: flags.zones ?? [],
    proxyModes: flags.proxyMode,
    timings,
    detach: flags.detach,
    json: flags.json,
  };
  checkOptions(options);
  // Last: who is refused for something else finds no new directory.
  return { ...options, dataDir: flags.data === undefined ? undefined : await dataDirectory(flags.data) };
}

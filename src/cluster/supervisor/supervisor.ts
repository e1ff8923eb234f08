import { spawn } from "node:child_process";
import { readlink } from "node:fs/promises";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parsePrefix } from "../../ip/prefix.ts";
import { whyNoIPv6 } from "../../linux/ipv6.ts";
import { routedPrefixes } from "../../linux/links.ts";
import { type ClusterConfig, hostPaths } from "../config.ts";
import { writeFileAtomically } from "../pki/files.ts";
import { type NodeRanges, nodeRangeCandidates, takenRanges } from "./addresses.ts";
import { serveControl } from "./control.ts";
import { whyHopeless } from "./hopeless.ts";
import { exitInterrupted } from "./launcher.ts";
import { LogFile } from "./log-file.ts";
import { memoryByRole } from "./memory.ts";
import { OptionError } from "./option-error.ts";
import { clusterConfig, standardInput, type UpOptions } from "./options.ts";
import { fairway, partEnvironment } from "./process.ts";
import { Progress } from "./progress.ts";
import type { ControlRequest, SupervisorInfo, WorldStatus } from "./protocol.ts";
import { checkProxyModes } from "./proxy-modes.ts";
import { remember } from "./remembered.ts";
import { reserve } from "./reservation.ts";
import type { SettleOptions, ShowOptions } from "./settle/settle.ts";
import { hasColors } from "./summary.ts";
import { World } from "./world.ts";

const trimInterval = 10_000;
/** One Ctrl-C reaches this process twice: from the terminal, and passed on by the keeper. */
const sameSignal = 400;

/** Runs a cluster until it is told to stop. Resolves to the exit status. */
export async function supervise(options: UpOptions, hostPid: number): Promise<number> {
  const supervisor = new Supervisor(options, hostPid);
  return supervisor.run();
}

class Supervisor {
  readonly #options: UpOptions;
  readonly #hostPid: number;
  readonly #started = new Date();
  readonly #progress: Progress;
  readonly #stopping = Promise.withResolvers<void>();
  readonly #ready = Promise.withResolvers<string>();
  /** Rejects when waiting for the boot has no sense any more. */
  readonly #hopeless = Promise.withResolvers<never>();
  #state: WorldStatus["state"] = "starting";
  #log: LogFile | undefined;
  #world: World | undefined;
  readonly #told = new Set<string>();
  #machinesMade = false;
  #stopAsked = 0;
  /** The summary has come: whoever reads it knows that the cluster is up. */
  #summed = false;

  constructor(options: UpOptions, hostPid: number) {
    this.#options = options;
    this.#hostPid = hostPid;
    this.#progress = new Progress(process.stderr);
    // Nobody may be waiting.
    this.#ready.promise.catch(() => {});
    this.#hopeless.promise.catch(() => {});
  }

  async run(): Promise<number> {
    const paths = hostPaths(this.#options.name);
    process.on("uncaughtException", (error) => this.#crash(error));
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => this.#signalled());
    this.#log = await LogFile.open(`${paths.logs}/supervisor.log`);
    const control = await serveControl(paths.control, (request) => this.#answer(request));
    let status = 0;
    try {
      await Promise.race([this.#boot(), this.#hopeless.promise, this.#stopping.promise]);
      await this.#stopping.promise;
      if (!this.#summed) {
        status = exitInterrupted;
        this.#progress.say("fairway: the cluster was stopped before it was up.");
      }
    } catch (error) {
      status = error instanceof OptionError ? 2 : 1;
      this.#ready.reject(error as Error);
      this.#progress.say(`fairway: ${(error as Error).message}`);
    }
    this.#state = "stopping";
    await this.#world?.stop();
    control.close();
    await this.#log.close();
    return status;
  }

  async #boot(): Promise<void> {
    await this.#reserveData();
    const options = await this.#withFamilyOfHost();
    const remembered = await remember(options);
    const names = nodeNames(options.nodes, Object.keys(remembered.nodes));
    checkProxyModes(options.proxyModes, names);
    const ranges = await this.#chooseRanges(options, remembered.ranges);
    const config = { ...clusterConfig(options, ranges), firstNodes: names };
    const world = new World(config, options.proxyModes, remembered, (message) => this.#report(message));
    this.#world = world;
    await this.#writeInfo(config);
    await world.create(names);
    this.#progress.step(`machines: control-plane, ${names.join(", ")} on ${config.nodeCIDR}`);
    const settled = this.#settle(config);
    await Promise.race([portOpens(config.apiAddress, config.apiPort), settled]);
    world.letPartsStart();
    this.#machinesMade = true;
    this.#progress.step(`API server on https://${config.apiAddress}:${config.apiPort}`);
    this.#ready.resolve(await settled);
    this.#state = "running";
    setInterval(() => void this.#trim(), trimInterval).unref();
  }

  /** Two clusters that write one journal would destroy it. */
  async #reserveData(): Promise<void> {
    const { dataDir } = this.#options;
    if (dataDir === undefined) return;
    // Such a name holds 107 bytes, a path any number.
    const { createHash } = await import("node:crypto");
    const name = createHash("sha256").update(dataDir).digest("hex");
    if (!(await reserve(name)))
      throw new OptionError("--data", `${dataDir} is in use by another cluster that is up; give another directory`);
  }

  /** A host that has no IPv6, or does not want it, gets a cluster without. */
  async #withFamilyOfHost(): Promise<UpOptions> {
    const reason = this.#options.ipFamily === "dual" ? await whyNoIPv6() : undefined;
    if (reason === undefined) return this.#options;
    this.#progress.say(`IPv4 only: ${reason}.`);
    return { ...this.#options, ipFamily: "ipv4" };
  }

  async #chooseRanges(options: UpOptions, remembered: Partial<NodeRanges>): Promise<NodeRanges> {
    const { nodeCIDR, podCIDR, serviceCIDR, ipFamily, ipv6 } = options;
    const dualStack = ipFamily === "dual";
    const others = [podCIDR, serviceCIDR, ...(dualStack ? [ipv6.podCIDR, ipv6.serviceCIDR] : [])];
    const candidates = nodeRangeCandidates({
      taken: takenRanges(await routedPrefixes()),
      reserved: others.map((text) => parsePrefix(text)!),
      dualStack,
      wanted: { nodeCIDR, ipv6: ipv6.nodeCIDR },
      remembered,
    });
    let first: NodeRanges | undefined;
    for (const ranges of candidates) {
      first ??= ranges;
      if (!(await reserve(ranges.nodeCIDR))) continue;
      if (ranges.ipv6 !== undefined && !(await reserve(ranges.ipv6)))
        throw new OptionError("--node-cidr-ipv6", `${ranges.ipv6} is being used by another cluster`);
      return ranges;
    }
    throw new OptionError("--node-cidr", `${first?.nodeCIDR} is being used by another cluster`);
  }

  /** Applies manifests and waits for what they ask for, in a process that is gone afterwards. Resolves to the summary. */
  #settle(config: ClusterConfig): Promise<string> {
    const { manifests, nodes, detach, json } = this.#options;
    const settleOptions: SettleOptions & ShowOptions = {
      name: config.name,
      manifests,
      nodes,
      json,
      color: !detach && hasColors(process.stdout),
      foreground: !detach,
      started: this.#started.getTime(),
    };
    const [program = "", ...args] = [...fairway, "settle", JSON.stringify(settleOptions)];
    const child = spawn(program, args, {
      stdio: [manifests.includes(standardInput) ? "inherit" : "ignore", "pipe", "inherit"],
      env: { ...process.env, ...partEnvironment() },
    });
    let summary = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      summary += chunk;
      this.#summed = true;
      if (!detach) process.stdout.write(chunk);
    });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        if (code === 0) resolve(summary);
        else reject(new Error(`the cluster did not come up (${signal ?? `exit status ${code}`})`));
      });
    });
  }

  async #writeInfo(config: ClusterConfig): Promise<void> {
    const info: SupervisorInfo = {
      name: config.name,
      pid: this.#hostPid,
      namespace: await readlink("/proc/self/ns/pid"),
      nodeCIDR: config.nodeCIDR,
    };
    await writeFileAtomically(hostPaths(config.name).info, `${JSON.stringify(info)}\n`);
  }

  #signalled(): void {
    const now = Date.now();
    if (this.#stopAsked === 0) {
      this.#stopAsked = now;
      this.#progress.say("Taking the cluster away (once more Ctrl-C: at once).");
      this.#stopping.resolve();
    } else if (now - this.#stopAsked > sameSignal) {
      // The world ends with this process.
      process.exit(1);
    }
  }

  async #answer(request: ControlRequest): Promise<unknown> {
    if (request.op === "status") return this.#status(request.memory === true);
    if (request.op === "ready") return this.#ready.promise;
    if (request.op === "down") {
      this.#stopping.resolve();
      return {};
    }
    const world = this.#world;
    if (world === undefined || !this.#machinesMade || this.#state === "stopping")
      throw new Error(`the cluster is ${this.#state}; try again in a moment`);
    if (request.op === "node-add") return world.addNode(request.name, request.proxyMode);
    if (request.op === "node-proxy-mode") {
      const { name, mode } = request;
      return name === undefined ? world.setLaterProxyMode(mode) : world.changeProxyMode(name, mode);
    }
    if (request.op === "node-remove") return world.removeNode(request.name);
    if (request.op === "node-start") return world.startNode(request.name);
    return world.stopNode(request.name);
  }

  async #status(memory: boolean): Promise<WorldStatus> {
    const world = this.#world;
    if (world === undefined) throw new Error("the cluster is starting; try again in a moment");
    const { config } = world;
    return {
      name: config.name,
      state: this.#state,
      started: this.#started.toISOString(),
      kubeconfig: hostPaths(config.name).kubeconfig,
      server: `https://${config.apiAddress}:${config.apiPort}`,
      nodeCIDR: config.nodeCIDR,
      podCIDR: config.podCIDR,
      serviceCIDR: config.serviceCIDR,
      ipv6: config.ipv6,
      controlPlane: world.controlPlane,
      nodes: world.nodes,
      memory: memory ? await memoryByRole() : undefined,
    };
  }

  /** A defect. The world ends with this process; the log on the host goes too, so it is said on stderr. */
  #crash(error: Error): void {
    this.#progress.say(`fairway: the supervisor failed: ${error.stack ?? error.message}`);
    process.exit(1);
  }

  #report(message: string): void {
    // Whoever waits for the boot is told what it waits for: the first time, not each time that it is tried again.
    const [what = message] = message.split("; ");
    if (this.#state === "starting" && !this.#told.has(what)) {
      this.#told.add(what);
      this.#progress.say(`fairway: ${message}`);
    }
    const reason = this.#state === "starting" ? whyHopeless(this.#world?.nodes ?? []) : undefined;
    if (reason !== undefined) this.#hopeless.reject(new Error(`the cluster did not come up: ${reason}`));
    const line = `${new Date().toISOString()} ${message}`;
    this.#log?.append(line).catch(() => {});
  }

  async #trim(): Promise<void> {
    try {
      await Promise.all([this.#log?.trim(), this.#world?.trimLogs()]);
    } catch (error) {
      this.#report(`logs cannot be cut: ${(error as Error).message}`);
    }
  }
}

/** Nodes that are remembered keep their names and addresses; with more wanted, the lowest free names follow. */
export function nodeNames(wanted: number, remembered: readonly string[]): string[] {
  const names = remembered.slice(0, wanted);
  for (let number = 1; names.length < wanted; number += 1)
    if (!names.includes(`node${number}`)) names.push(`node${number}`);
  return names;
}

/** Resolves when something listens there. */
async function portOpens(host: string, port: number): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host, port });
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (open) return;
    await sleep(10);
  }
}

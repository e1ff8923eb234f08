import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createMachine, type Machine } from "../../linux/machine.ts";
import { hostPaths, hostRoot, worldRoot } from "../config.ts";
import type { Fabric, NodeAddressPair } from "./fabric.ts";
import { LogFile } from "./log-file.ts";
import { type Launch, Part, type Patience } from "./part.ts";
import { launchIn } from "./process.ts";
import type { MachineStatus } from "./protocol.ts";
import { deathsInARow, restartDelay } from "./restart-policy.ts";

export interface PartSpec {
  name: string;
  command: readonly string[];
}

export interface MachineSpec {
  cluster: string;
  name: string;
  addresses: NodeAddressPair;
  parts: readonly PartSpec[];
}

export interface MachineSurroundings {
  fabric: Fabric;
  /** Parts are not started before (the API server must listen). */
  partsMayStart?: Promise<unknown>;
  /** Or: they are started as soon as the machine is there and load what they need, and begin their work when this has resolved. */
  partsMayWork?: Promise<unknown>;
  report: (message: string) => void;
}

/** One machine of the cluster with the processes that belong on it: when its init dies, everything of it is made again. */
export class KeptMachine {
  readonly name: string;
  readonly addresses: NodeAddressPair;
  readonly #spec: MachineSpec;
  readonly #around: MachineSurroundings;
  readonly #partSpecs: PartSpec[];
  readonly #logs: LogFile[] = [];
  #machine: Machine | undefined;
  #parts: Part[] = [];
  readonly #serving = Promise.withResolvers<void>();
  #wanted = false;
  #deaths = 0;
  #restarts = 0;
  /** Starts and stops happen one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(spec: MachineSpec, around: MachineSurroundings) {
    this.name = spec.name;
    this.addresses = spec.addresses;
    this.#spec = spec;
    this.#partSpecs = [...spec.parts];
    this.#around = around;
  }

  /** Resolves when the machine is there; its parts follow when they may. */
  start(): Promise<void> {
    this.#wanted = true;
    return this.#inTurn(async () => {
      if (this.#machine === undefined && this.#wanted) await this.#create();
    });
  }

  /** As if the power had failed; resolves when nothing of it is left. */
  stop(): Promise<void> {
    this.#wanted = false;
    return this.#inTurn(async () => {
      for (const part of this.#parts) part.abandon();
      await this.#machine?.kill();
      this.#machine = undefined;
      await this.#around.fabric.detach(this.addresses[0]);
    });
  }

  /** Stops it for good. */
  async discard(): Promise<void> {
    await this.stop();
    await this.#inTurn(() => Promise.all(this.#logs.splice(0).map((log) => log.close())));
  }

  /** Asks its parts to stop, each within `grace` milliseconds. */
  async stopParts(grace: number): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.stop(grace)));
  }

  /**
   * Has the part of that name run another command from now on: by a successor that takes over (Part.replace) where the machine runs, and
   * when it is started where it does not. Rejects, and the part goes on as before, when the successor cannot prepare itself. Resolves to the
   * part when it runs.
   */
  replacePart(spec: PartSpec, patience: Patience): Promise<Part | undefined> {
    const index = this.#partSpecs.findIndex(({ name }) => name === spec.name);
    return this.#inTurn(async () => {
      const machine = this.#machine;
      const part = machine === undefined ? undefined : this.#parts[index];
      if (machine !== undefined) await part?.replace(this.#launcher(machine, spec, index), patience);
      this.#partSpecs[index] = spec;
      return part;
    });
  }

  /** Resolves when one of its parts has said for the first time that it does its work. */
  get serving(): Promise<void> {
    return this.#serving.promise;
  }

  async trimLogs(): Promise<void> {
    await Promise.all(this.#logs.map((log) => log.trim()));
  }

  get status(): MachineStatus {
    return {
      name: this.name,
      address: this.addresses[0],
      ipv6: this.addresses[1],
      state: this.#machine ? "running" : this.#wanted ? "starting" : "stopped",
      pid: this.#machine?.pid,
      restarts: this.#restarts,
      parts: this.#parts.map(({ status }) => status),
    };
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #create(): Promise<void> {
    const { name } = this.#spec;
    const started = Date.now();
    await this.#openLogs();
    const staging = join(worldRoot, "staging", name);
    await mkdir(staging, { recursive: true, mode: 0o700 });
    const machine = await createMachine({ hostname: name, sharedRun: [hostRoot, worldRoot], staging });
    const { fabric, partsMayStart, partsMayWork } = this.#around;
    const attached = fabric.attach(machine.network, this.addresses);
    if (partsMayWork !== undefined) this.#startParts(machine, Promise.all([attached, partsMayWork]));
    await attached.catch(async (error: Error) => {
      for (const part of this.#parts) part.abandon();
      await machine.kill();
      throw error;
    });
    this.#machine = machine;
    void machine.gone.then(() => this.#died(machine, Date.now() - started));
    partsMayStart?.then(
      () => {
        if (this.#machine === machine) this.#startParts(machine);
      },
      // The boot failed, and its error is told by whoever waits for it.
      () => {},
    );
  }

  /** Opened once: they go on where they were when the machine is made again. */
  async #openLogs(): Promise<void> {
    if (this.#logs.length > 0) return;
    const { cluster, name } = this.#spec;
    const path = (part: string) => join(hostPaths(cluster).logs, `${logName(name, part)}.log`);
    this.#logs.push(...(await Promise.all(this.#partSpecs.map((part) => LogFile.open(path(part.name))))));
  }

  #startParts(machine: Machine, turn?: Promise<unknown>): void {
    const { name } = this.#spec;
    this.#parts = this.#partSpecs.map(
      (spec, index) =>
        new Part(spec.name, this.#launcher(machine, spec, index), {
          onEnd: (part, how, delay) =>
            this.#around.report(`${logName(name, part)} ended (${how}); started again in ${delay} ms`),
        }),
    );
    for (const part of this.#parts) {
      part.start(turn);
      void part.serving.then(() => this.#serving.resolve());
    }
  }

  #launcher(machine: Machine, { command }: PartSpec, index: number): Launch {
    return (isSuccessor) => launchIn(machine, command, this.#logs[index]!.descriptor, isSuccessor);
  }

  /** Its init ended: everything on it is gone. */
  #died(machine: Machine, uptime: number): void {
    if (this.#machine !== machine) return;
    this.#machine = undefined;
    for (const part of this.#parts) part.abandon();
    if (!this.#wanted) return;
    this.#restarts += 1;
    this.#again(uptime);
  }

  #again(uptime: number): void {
    this.#deaths = deathsInARow(this.#deaths, uptime);
    const delay = restartDelay(this.#deaths);
    this.#around.report(`${this.name} is gone; made again in ${delay} ms`);
    setTimeout(() => {
      const turn = this.#inTurn(async () => {
        if (!this.#wanted || this.#machine !== undefined) return;
        await this.#around.fabric.detach(this.addresses[0]);
        await this.#create();
      });
      turn.catch((error: Error) => {
        this.#around.report(`${this.name}: ${error.message}`);
        this.#again(0);
      });
    }, delay);
  }
}

/** "node1-agent"; the control plane has one part only. */
function logName(machine: string, part: string): string {
  return part === "apiserver" ? part : `${machine}-${part}`;
}

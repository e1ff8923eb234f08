import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ClusterConfig, worldPaths, worldRoot } from "../config.ts";
import type { Authority } from "../pki/authority.ts";
import { writeFileAtomically } from "../pki/files.ts";
import { NodeAddresses, partnerAddress } from "./addresses.ts";
import { Fabric, type NodeAddressPair } from "./fabric.ts";
import { KeptMachine } from "./kept-machine.ts";
import { nodeParts, proxyPart } from "./node-parts.ts";
import { checkNodeName } from "./options.ts";
import { patient } from "./patience.ts";
import { fairway } from "./process.ts";
import type { MachineStatus, ModeChange } from "./protocol.ts";
import { type ChosenModes, ProxyModes } from "./proxy-modes.ts";
import type { Remembered } from "./remembered.ts";

/** How long parts get to stop in order, in milliseconds. */
const grace = { node: 2000, apiServer: 3000 };
/** How long a proxy in another mode gets to read the API, and then to write its rules and remove the old ones, in milliseconds. */
const patience = { prepare: patient(30_000), serve: patient(30_000) };

/** Loaded when the API server loads as well: that is what a boot waits for. */
const pki = () => import("../pki/cluster.ts");

/** For how long the first node has the machine's cores for itself while a cluster starts, at most. Milliseconds. */
const headStart = 2_000;

/** The machines of a cluster: the fabric, the control plane and the nodes. */
export class World {
  readonly config: ClusterConfig;
  readonly #addresses: NodeAddresses;
  readonly #modes: ProxyModes;
  readonly #fabric = new Fabric();
  readonly #nodes = new Map<string, KeptMachine>();
  readonly #report: (message: string) => void;
  readonly #remembered: Remembered;
  /** What is remembered is written once at a time. */
  #lastSave: Promise<void> = Promise.resolve();
  /** Resolves when node parts may start. */
  readonly #apiListens = Promise.withResolvers<void>();
  /** Resolves when those of other nodes than the first may. */
  readonly #othersMayStart = Promise.withResolvers<void>();
  #controlPlane: KeptMachine | undefined;
  #authority: Authority | undefined;

  constructor(config: ClusterConfig, modes: ChosenModes, remembered: Remembered, report: (message: string) => void) {
    this.config = config;
    this.#report = report;
    this.#modes = new ProxyModes(modes, remembered.proxyModes);
    this.#remembered = remembered;
    this.#addresses = new NodeAddresses(config.nodeCIDR);
    this.#addresses.restore(remembered.nodes);
  }

  /** Makes every machine and the keys at the same time; resolves when all of them are there and the API server is starting. */
  async create(nodeNames: readonly string[]): Promise<void> {
    const { config } = this;
    await mkdir(join(worldRoot, "staging"), { recursive: true, mode: 0o700 });
    await writeFileAtomically(worldPaths(config).config, JSON.stringify(config));
    const keys = Promise.withResolvers<void>();
    // What everything waits for comes first: while the API server loads there is time for the rest.
    await Promise.all([this.#fabric.create(), this.#startControlPlane(keys.promise)]);
    const { ensureClusterPki } = await pki();
    this.#authority = await ensureClusterPki(config);
    keys.resolve();
    const nodes = nodeNames.map((name) => this.#declare(name));
    await Promise.all([
      this.#fabric.attachHost(config.name, this.#pairOf(config.hostAddress)),
      ...nodes.map((node) => Promise.all([this.#makeNodeKeys(node), node.start()])),
    ]);
    await this.#remember();
  }

  #pairOf(address: string): NodeAddressPair {
    return [address, partnerAddress(this.config, address)];
  }

  /**
   * The first node goes ahead: a Service answers when one node and one Pod do, and processes of all nodes that start at the same time make each
   * other late.
   */
  letPartsStart(): void {
    const [first] = this.#nodes.values();
    this.#apiListens.resolve();
    void Promise.race([first?.serving, sleep(headStart)]).then(() => this.#othersMayStart.resolve());
  }

  async #makeNodeKeys({ name, addresses: [address] }: KeptMachine): Promise<void> {
    const { ensureNodePki } = await pki();
    await ensureNodePki(this.config, this.#authority!, name, address);
  }

  async #startControlPlane(keys: Promise<void>): Promise<void> {
    const machine = new KeptMachine(
      {
        cluster: this.config.name,
        name: "control-plane",
        addresses: this.#pairOf(this.config.apiAddress),
        parts: [{ name: "apiserver", command: [...fairway, "apiserver", "--config", worldPaths().config] }],
      },
      { fabric: this.#fabric, partsMayWork: keys, report: this.#report },
    );
    this.#controlPlane = machine;
    await machine.start();
  }

  /** A node that is not started yet. */
  #declare(name: string, wantedMode?: string): KeptMachine {
    const { promise: partsMayStart } = this.#nodes.size === 0 ? this.#apiListens : this.#othersMayStart;
    const node = new KeptMachine(
      {
        cluster: this.config.name,
        name,
        addresses: this.#pairOf(this.#addresses.assign(name)),
        parts: nodeParts(this.config, name, this.#modes.assign(name, wantedMode)),
      },
      { fabric: this.#fabric, partsMayStart, report: this.#report },
    );
    this.#nodes.set(name, node);
    return node;
  }

  /** Resolves to the new node's name when its machine runs; it joins the cluster by itself. */
  async addNode(wanted?: string, proxyMode?: string): Promise<string> {
    const name = checkNodeName(wanted ?? this.#freeName());
    if (this.#nodes.has(name) || name === "control-plane") throw new Error(`there is a machine "${name}" already`);
    const node = this.#declare(name, proxyMode);
    await this.#makeNodeKeys(node);
    await node.start();
    await this.#remember();
    return name;
  }

  async removeNode(name: string): Promise<void> {
    await this.#node(name).discard();
    this.#nodes.delete(name);
    this.#addresses.release(name);
    this.#modes.release(name);
    await rm(worldPaths(this.config).node(name), { recursive: true, force: true });
    await this.#remember();
  }

  /** Resolves when the node's proxy serves in that mode and the old one's rules are gone; rejects with which mode the node is in then. */
  async changeProxyMode(name: string, to: string): Promise<ModeChange> {
    const node = this.#node(name);
    const from = this.#modes.of(name);
    if (from === to) return { node: name, from, to, running: node.status.state === "running" };
    const part = await node
      .replacePart(proxyPart(this.config, name, to), { prepare: patience.prepare, stop: grace.node })
      .catch((error: Error) => {
        throw new Error(`${name} stays in ${from}: its proxy cannot start in ${to} (${error.message})`);
      });
    this.#modes.assign(name, to);
    await this.#remember();
    await part?.whenServing(patience.serve).catch((error: Error) => {
      throw new Error(`${name} is in ${to} now, but: ${error.message}`);
    });
    return { node: name, from, to, running: part !== undefined };
  }

  /** For nodes that are added later. */
  async setLaterProxyMode(mode: string): Promise<void> {
    this.#modes.setOthers(mode);
    await this.#remember();
  }

  startNode(name: string): Promise<void> {
    return this.#node(name).start();
  }
  stopNode(name: string): Promise<void> {
    return this.#node(name).stop();
  }

  #node(name: string): KeptMachine {
    const node = this.#nodes.get(name);
    if (node === undefined)
      throw new Error(`there is no node "${name}"; there are ${[...this.#nodes.keys()].join(", ")}`);
    return node;
  }

  #freeName(): string {
    for (let number = 1; ; number += 1) if (!this.#nodes.has(`node${number}`)) return `node${number}`;
  }

  get controlPlane(): MachineStatus | undefined {
    return this.#controlPlane?.status;
  }

  get nodes(): MachineStatus[] {
    return [...this.#nodes.values()].map(({ status }) => ({ ...status, proxyMode: this.#modes.of(status.name) }));
  }

  /** What the next start over this data directory must know. */
  #remember(): Promise<void> {
    const { nodeCIDR, ipv6 } = this.config;
    const saved = this.#lastSave.then(() =>
      this.#remembered.save({ nodeCIDR, ipv6, nodes: this.#addresses.save(), proxyModes: this.#modes.save() }),
    );
    this.#lastSave = saved.catch(() => {});
    return saved;
  }

  async trimLogs(): Promise<void> {
    const machines = [...this.#nodes.values(), ...(this.#controlPlane ? [this.#controlPlane] : [])];
    await Promise.all(machines.map((machine) => machine.trimLogs()));
  }

  /** Nodes first, the API server last: its journal then holds everything. What does not stop in time is killed with the world. */
  async stop(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.stopParts(grace.node)));
    await this.#controlPlane?.stopParts(grace.apiServer);
  }
}

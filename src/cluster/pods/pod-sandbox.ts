import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { pods } from "../../kubernetes/resource.ts";
import type { Pod } from "../../kubernetes/types.ts";
import type { NodeContext } from "./context.ts";
import { etcFiles } from "./etc.ts";
import { writeFileAtomically } from "./files.ts";
import { addressesOf, type PodNetwork } from "./network.ts";

/** What is kept of a Pod on disk: enough to run and to end it without the API. */
export interface PodRecord {
  pod: Pod;
  network?: PodNetwork;
  startTime: string;
}

/** What the containers of one Pod share: network, /etc files and the directory that both are written down in. */
export class PodSandbox {
  readonly #context: NodeContext;
  readonly #uid: string;
  readonly #startTime: string;
  #network?: PodNetwork;
  #recorded: boolean;
  #error?: string;

  constructor(context: NodeContext, uid: string, startTime: string, record?: PodRecord) {
    this.#context = context;
    this.#uid = uid;
    this.#startTime = startTime;
    this.#network = record?.network && context.networks.get(uid);
    this.#recorded = record !== undefined;
  }

  /** Undefined for a Pod on the node's own network, and before there is one. */
  get network(): PodNetwork | undefined {
    return this.#network;
  }

  /** Why there is none, as it was when it was tried last. */
  get error(): string | undefined {
    return this.#error;
  }

  get etc(): string {
    return join(this.#directory, "etc");
  }

  get #directory(): string {
    return this.#context.runtime.paths.pod(this.#uid);
  }

  /** What is on disk is out of date. */
  outdated(): void {
    this.#recorded = false;
  }

  /** Makes what is missing. False: it could not be made yet, see `error`. */
  async ensure(pod: Pod): Promise<boolean> {
    const { networks, volumes, nodeIPs, events } = this.#context;
    const missing = !pod.spec?.hostNetwork && this.#network === undefined;
    if (missing) {
      try {
        this.#network = await networks.create(this.#uid);
        this.#error = undefined;
      } catch (error) {
        this.#error = (error as Error).message;
        const message = `Failed to create pod sandbox: ${this.#error}`;
        if (networks.ready) events.record(pods, pod, "Warning", "FailedCreatePodSandBox", message);
        return false;
      }
    }
    volumes.adopt(pod, this.#network === undefined ? nodeIPs : addressesOf(this.#network));
    if (this.#recorded) return true;
    await mkdir(this.etc, { recursive: true, mode: 0o755 });
    if (missing || pod.spec?.hostNetwork) await this.#writeEtc(pod);
    await this.#record(pod);
    return true;
  }

  /** Writes down how a Pod ended, so that a later agent knows it without the API, and gives its network back. */
  async close(pod: Pod): Promise<void> {
    if (this.#network !== undefined && !this.#recorded) await this.#record(pod);
    await this.release();
  }

  /** Gives the network back; the rest stays for logs and status. */
  async release(): Promise<void> {
    this.#network = undefined;
    await this.#context.networks.delete(this.#uid);
  }

  async remove(): Promise<void> {
    await this.release();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #record(pod: Pod): Promise<void> {
    const record: PodRecord = { pod, network: this.#network, startTime: this.#startTime };
    // Before it is written: a change that comes meanwhile has to be written too.
    this.#recorded = true;
    try {
      await writeFileAtomically(join(this.#directory, "pod.json"), JSON.stringify(record));
    } catch (error) {
      this.#recorded = false;
      throw error;
    }
  }

  async #writeEtc(pod: Pod): Promise<void> {
    const { config, nodeIPs } = this.#context;
    const read = (path: string) => readFile(path, "utf8").catch(() => "");
    const node = { resolvConf: await read("/etc/resolv.conf"), hosts: await read("/etc/hosts") };
    const podIPs = this.#network === undefined ? nodeIPs : addressesOf(this.#network);
    const files = etcFiles({ pod, config, podIPs, node });
    for (const [name, content] of Object.entries(files))
      await writeFileAtomically(join(this.etc, name), content, 0o644);
  }
}

import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { isNotFound } from "../../kubernetes/errors.ts";
import { pods } from "../../kubernetes/resource.ts";
import type { Pod } from "../../kubernetes/types.ts";
import type { NodeContext } from "./context.ts";
import { etcFiles } from "./etc.ts";
import { writeFileAtomically } from "./files.ts";
import type { PodNetwork } from "./network.ts";
import { type Plan, plan } from "./plan.ts";
import { graceOf, PodContainer } from "./pod-containers.ts";
import type { Container } from "./runtime.ts";
import { podStatus, seconds } from "./status.ts";
import { unsupportedFields } from "./unsupported.ts";

/** What is kept of a Pod on disk: enough to run and to end it without the API. */
export interface PodRecord {
  pod: Pod;
  network?: PodNetwork;
  startTime: string;
}

/** A Pod that vanished from the API was deleted by force: its containers get this much. Milliseconds. */
const graceOfRemoved = 2_000;
/** An uneventful start is told in one status; one that takes longer than this is told as ContainerCreating. Milliseconds. */
const quietStart = 1_000;
const sandboxRetry = 5_000;

/**
 * One Pod on this node, from the moment it is bound to it until nothing of it is left. Whatever happens only marks it as dirty; one
 * loop then compares what should be with what is, and begins what is missing. Nothing in that loop waits for a container.
 */
export class PodWorker {
  readonly uid: string;
  readonly containers: PodContainer[];
  readonly #context: NodeContext;
  readonly #done: () => void;
  #pod: Pod;
  #network?: PodNetwork;
  #startTime: string;
  #recorded = false;
  #quietUntil = Date.now() + quietStart;
  #dirty = false;
  #busy = false;
  #wake?: NodeJS.Timeout;
  #ending?: Promise<void>;
  #removed = false;
  /** Nothing of it runs any more: there is nothing left to tell. */
  #over = false;
  #closed = false;
  #failed?: { reason: string; message: string };
  #sandboxError?: string;
  #refused = false;

  /** `done` is called when the Pod has left the node. */
  constructor(context: NodeContext, pod: Pod, done: () => void, record?: PodRecord) {
    this.#context = context;
    this.#pod = pod;
    this.#done = done;
    this.uid = pod.metadata?.uid ?? "";
    this.#network = record?.network && context.networks.get(this.uid);
    this.#startTime = record?.startTime ?? pod.status?.startTime ?? seconds(new Date());
    this.#recorded = record !== undefined;
    const changed = () => this.wake();
    this.containers = [
      ...(pod.spec?.initContainers ?? []).map((spec) => new PodContainer(context, spec, true, changed)),
      ...(pod.spec?.containers ?? []).map((spec) => new PodContainer(context, spec, false, changed)),
    ];
  }

  get pod(): Pod {
    return this.#pod;
  }

  get network(): PodNetwork | undefined {
    return this.#network;
  }

  find(container: string): PodContainer | undefined {
    return this.containers.find(({ spec }) => spec.name === container);
  }

  /** Takes over containers of an earlier life, oldest first. */
  adopt(containers: readonly Container[]): void {
    if (this.#network !== undefined) this.#context.volumes.adopt(this.#pod, this.#network.address);
    for (const container of containers) this.find(container.spec.name)?.adopt(container, this.#pod);
  }

  update(pod: Pod): void {
    this.#pod = pod;
    // Images are the only part of a container's spec that may change (core/v1 Pod validation); it applies to the next run.
    for (const container of this.containers) {
      const specs = container.init ? pod.spec?.initContainers : pod.spec?.containers;
      container.spec = specs?.find(({ name }) => name === container.spec.name) ?? container.spec;
    }
    this.#recorded = false;
    this.#context.statuses.observed(pod);
    this.wake();
  }

  /** The API has no such Pod any more. */
  remove(): void {
    this.#removed = true;
    this.wake();
  }

  ended(container: Container): void {
    const owner = this.find(container.spec.name);
    if (owner?.current === container) owner.ended();
  }

  /** Looks at the Pod soon. */
  wake(): void {
    this.#dirty = true;
    if (!this.#busy && !this.#closed) {
      this.#busy = true;
      queueMicrotask(() => void this.#loop());
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#wake);
    for (const container of this.containers) container.close();
  }

  async #loop(): Promise<void> {
    while (this.#dirty && !this.#closed) {
      this.#dirty = false;
      try {
        await this.#sync();
      } catch (error) {
        this.#context.log.error(
          { err: error, pod: this.#pod.metadata?.name },
          "cannot bring a Pod to what it should be",
        );
        this.#lookAgain(Date.now() + sandboxRetry);
      }
    }
    this.#busy = false;
  }

  async #sync(): Promise<void> {
    const now = Date.now();
    const phase = this.#pod.status?.phase;
    const over = (phase === "Succeeded" || phase === "Failed") && !this.containers.some(({ running }) => running);
    const leaving = this.#removed || this.#pod.metadata?.deletionTimestamp !== undefined;
    if (leaving) {
      this.#ending ??= this.#leave();
      if (!this.#removed && !this.#over) this.#report(this.#plan(now));
      return;
    }
    // A Pod that is over stays over, and needs no network, also when an agent meets it for the first time.
    if (over) return;
    if (this.#refuse() || !(await this.#sandbox())) {
      this.#report(this.#plan(now));
      return;
    }
    this.#checkDeadline(now);
    const next = this.#plan(now);
    if (this.#failed !== undefined) this.#stopAll(this.#failed.message);
    else {
      const etc = this.#etc();
      for (const start of next.start) this.find(start.name)?.start(this.#pod, start, this.#network, etc);
      for (const name of next.backoff.keys()) this.find(name)?.backsOff(this.#pod);
      for (const name of next.stop)
        void this.find(name)?.stop(this.#pod, graceOf(this.#pod), `Stopping container ${name}`);
    }
    this.#report(next);
    if (next.wakeAt !== undefined) this.#lookAgain(next.wakeAt);
  }

  #plan(now: number): Plan {
    return plan(
      this.#pod,
      this.containers.map((container) => container.view()),
      now,
    );
  }

  /** Tells once what this node cannot give. Such a Pod waits until it is deleted. */
  #refuse(): boolean {
    if (this.containers.some(({ runs }) => runs.length > 0)) return false;
    const reasons = unsupportedFields(this.#pod);
    if (reasons.length === 0) return false;
    if (!this.#refused) this.#context.events.record(pods, this.#pod, "Warning", "Unsupported", reasons.join("; "));
    this.#refused = true;
    this.#sandboxError = reasons.join("; ");
    return true;
  }

  /** Network, directory and /etc files. False: not yet, and it is tried again. */
  async #sandbox(): Promise<boolean> {
    const { networks, runtime, volumes, nodeIP } = this.#context;
    const hostNetwork = this.#pod.spec?.hostNetwork ?? false;
    const missing = !hostNetwork && this.#network === undefined;
    if (missing) {
      try {
        this.#network = await networks.create(this.uid);
        this.#sandboxError = undefined;
      } catch (error) {
        this.#sandboxError = (error as Error).message;
        if (networks.ready)
          this.#context.events.record(
            pods,
            this.#pod,
            "Warning",
            "FailedCreatePodSandBox",
            `Failed to create pod sandbox: ${this.#sandboxError}`,
          );
        this.#lookAgain(Date.now() + (networks.ready ? sandboxRetry : 250));
        return false;
      }
    }
    volumes.adopt(this.#pod, this.#network?.address ?? nodeIP);
    if (this.#recorded) return true;
    const directory = runtime.paths.pod(this.uid);
    await mkdir(this.#etc(), { recursive: true, mode: 0o755 });
    const record: PodRecord = { pod: this.#pod, network: this.#network, startTime: this.#startTime };
    if (missing || hostNetwork) await this.#writeEtc();
    await writeFileAtomically(join(directory, "pod.json"), JSON.stringify(record));
    this.#recorded = true;
    return true;
  }

  #etc(): string {
    return join(this.#context.runtime.paths.pod(this.uid), "etc");
  }

  async #writeEtc(): Promise<void> {
    const { config, nodeIP } = this.#context;
    const read = (path: string) => readFile(path, "utf8").catch(() => "");
    const node = { resolvConf: await read("/etc/resolv.conf"), hosts: await read("/etc/hosts") };
    const files = etcFiles({ pod: this.#pod, config, podIP: this.#network?.address ?? nodeIP, node });
    for (const [name, content] of Object.entries(files))
      await writeFileAtomically(join(this.#etc(), name), content, 0o644);
  }

  #checkDeadline(now: number): void {
    const limit = this.#pod.spec?.activeDeadlineSeconds;
    if (limit === undefined || this.#failed !== undefined) return;
    const at = Date.parse(this.#startTime) + limit * 1000;
    if (now < at) {
      this.#lookAgain(at);
      return;
    }
    this.#failed = {
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline",
    };
    this.#context.events.record(pods, this.#pod, "Normal", "DeadlineExceeded", this.#failed.message);
  }

  #stopAll(message: string): void {
    for (const container of this.containers) void container.stop(this.#pod, graceOf(this.#pod), message);
  }

  #report({ ...next }: Plan): void {
    const { statuses, nodeIP } = this.#context;
    const facts = this.containers.map((container) => container.facts());
    const starting =
      this.containers.every(({ current }) => current === undefined) &&
      facts.every(({ waiting }) => waiting === undefined);
    if (starting && this.#sandboxError === undefined && Date.now() < this.#quietUntil) {
      this.#lookAgain(this.#quietUntil);
      return;
    }
    const hostNetwork = this.#pod.spec?.hostNetwork ?? false;
    const refusal =
      this.#refused && this.#sandboxError !== undefined
        ? { reason: "Unsupported", message: this.#sandboxError }
        : undefined;
    const status = podStatus({
      pod: this.#pod,
      containers: refusal === undefined ? facts : facts.map((fact) => ({ ...fact, waiting: refusal })),
      plan: next,
      hostIP: nodeIP,
      podIP: hostNetwork ? nodeIP : this.#network?.address,
      startTime: this.#startTime,
      failed: this.#failed,
      now: new Date(),
    });
    statuses.set(this.#pod, status);
  }

  #lookAgain(at: number): void {
    clearTimeout(this.#wake);
    // Whatever is awaited, a look now and then costs nothing: it also bounds what a missed change can do.
    this.#wake = setTimeout(() => this.wake(), Math.min(Math.max(at - Date.now(), 0) + 5, 60_000));
  }

  /** Ends the containers, tells the API so, and removes what there is of the Pod. */
  async #leave(): Promise<void> {
    const { runtime, networks, volumes, statuses, log } = this.#context;
    try {
      await this.#endContainers();
      this.#over = true;
      statuses.forget(this.uid);
      if (!this.#removed) await this.#confirm();
      await networks.delete(this.uid);
      for (const container of this.containers) for (const run of container.runs) await runtime.remove(run.spec.id);
      volumes.forget(this.uid);
      await rm(runtime.paths.pod(this.uid), { recursive: true, force: true });
      this.close();
      this.#done();
    } catch (error) {
      log.error({ err: error, pod: this.#pod.metadata?.name }, "cannot take a Pod away; it is tried again");
      this.#ending = undefined;
      this.#lookAgain(Date.now() + sandboxRetry);
    }
  }

  async #endContainers(): Promise<void> {
    // A start that is under way must end first, or its container would be left behind.
    while (this.containers.some((container) => container.view().starting))
      await new Promise((resolve) => setTimeout(resolve, 20));
    const end = (sidecars: boolean) => {
      const chosen = this.containers.filter(({ role }) => (role === "sidecar") === sidecars);
      const grace = this.#removed ? Math.min(graceOfRemoved, graceOf(this.#pod)) : graceOf(this.#pod);
      return Promise.all(chosen.map((container) => this.#endOne(container, grace)));
    };
    await end(false);
    await end(true);
  }

  async #endOne(container: PodContainer, grace: number): Promise<void> {
    const { name } = container.spec;
    await container.stop(this.#pod, grace, `Stopping container ${name}`, true);
    // It was being stopped already, for another reason and perhaps with more time.
    if (container.running) {
      const timer = setTimeout(() => void container.kill(), grace);
      while (container.running) await new Promise((resolve) => setTimeout(resolve, 50));
      clearTimeout(timer);
    }
  }

  /** The containers have ended: now the API may forget the Pod (a DELETE without grace, as kubelet's). */
  async #confirm(): Promise<void> {
    const { client } = this.#context;
    const { name = "", namespace } = this.#pod.metadata ?? {};
    try {
      await client.delete(pods, name, { namespace, gracePeriodSeconds: 0, preconditions: { uid: this.uid } });
    } catch (error) {
      const gone = isNotFound(error) || this.#removed;
      if (!gone) throw error;
    }
  }
}

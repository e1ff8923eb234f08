import { pods } from "../../kubernetes/resource.ts";
import type { Pod } from "../../kubernetes/types.ts";
import type { NodeContext } from "./context.ts";
import { addressesOf, type PodNetwork } from "./network.ts";
import { type Plan, plan } from "./plan.ts";
import { graceOf, PodContainer } from "./pod-container.ts";
import { confirmDeletion, endContainers } from "./pod-end.ts";
import { type PodRecord, PodSandbox } from "./pod-sandbox.ts";
import type { Container } from "./runtime.ts";
import { podStatus, seconds } from "./status.ts";
import { unsupportedFields } from "./unsupported.ts";
import { WakeTimer } from "./wake-timer.ts";

/** A Pod that vanished from the API was deleted by force: its containers get this much. Milliseconds. */
const graceOfRemoved = 2_000;
/** An uneventful start is told in one status; one that takes longer than this is told as ContainerCreating. Milliseconds. */
const quietStart = 1_000;
const sandboxRetry = 5_000;
/** While the node itself has no Pod network yet. */
const networkRetry = 250;

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
  readonly #sandbox: PodSandbox;
  readonly #startTime: string;
  #quietUntil = Date.now() + quietStart;
  #dirty = false;
  #busy = false;
  readonly #timer = new WakeTimer(() => this.wake());
  #ending?: Promise<void>;
  #removed = false;
  /** Nothing of it runs any more: there is nothing left to tell. */
  #over = false;
  #closed = false;
  #failed?: { reason: string; message: string };
  /** What this node cannot give. */
  #refusal?: string;

  /** `done` is called when the Pod has left the node. */
  constructor(context: NodeContext, pod: Pod, done: () => void, record?: PodRecord) {
    this.#context = context;
    this.#pod = pod;
    this.#done = done;
    this.uid = pod.metadata?.uid ?? "";
    this.#startTime = record?.startTime ?? pod.status?.startTime ?? seconds(new Date());
    this.#sandbox = new PodSandbox(context, this.uid, this.#startTime, record);
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
    return this.#sandbox.network;
  }

  find(container: string): PodContainer | undefined {
    return this.containers.find(({ spec }) => spec.name === container);
  }

  /** Takes over containers of an earlier life, oldest first. */
  adopt(containers: readonly Container[]): void {
    const { network } = this;
    if (network !== undefined) this.#context.volumes.adopt(this.#pod, addressesOf(network));
    for (const container of containers) this.find(container.spec.name)?.adopt(container, this.#pod);
  }

  update(pod: Pod): void {
    this.#pod = pod;
    // Images are the only part of a container's spec that may change (core/v1 Pod validation); it applies to the next run.
    for (const container of this.containers) {
      const specs = container.init ? pod.spec?.initContainers : pod.spec?.containers;
      container.spec = specs?.find(({ name }) => name === container.spec.name) ?? container.spec;
    }
    this.#sandbox.outdated();
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
    if (owner?.current === container) owner.ended(this.#pod);
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
    this.#timer.clear();
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
        this.#timer.at(Date.now() + sandboxRetry);
      }
    }
    this.#busy = false;
  }

  async #sync(): Promise<void> {
    const now = Date.now();
    this.#timer.clear();
    const phase = this.#pod.status?.phase;
    const over = (phase === "Succeeded" || phase === "Failed") && !this.containers.some(({ running }) => running);
    const leaving = this.#removed || this.#pod.metadata?.deletionTimestamp !== undefined;
    if (leaving) {
      this.#ending ??= this.#leave();
      if (!this.#removed && !this.#over) this.#report(this.#plan(now));
      return;
    }
    // A Pod that is over stays over, and needs no network, also when an agent meets it for the first time.
    if (over) {
      await this.#sandbox.close(this.#pod);
      return;
    }
    if (this.#refuse() || !(await this.#sandbox.ensure(this.#pod))) {
      this.#report(this.#plan(now));
      if (this.#refusal === undefined)
        this.#timer.at(now + (this.#context.networks.ready ? sandboxRetry : networkRetry));
      return;
    }
    this.#checkDeadline(now);
    const next = this.#plan(now);
    if (this.#failed !== undefined) {
      for (const container of this.containers) void container.stop(this.#pod, graceOf(this.#pod), this.#failed.message);
    } else {
      const { network, etc } = this.#sandbox;
      for (const start of next.start) this.find(start.name)?.start(this.#pod, start, network, etc);
      for (const name of next.backoff.keys()) this.find(name)?.backsOff(this.#pod);
      for (const name of next.stop)
        void this.find(name)?.stop(this.#pod, graceOf(this.#pod), `Stopping container ${name}`);
    }
    this.#report(next);
    if (next.wakeAt !== undefined) this.#timer.at(next.wakeAt);
  }

  #plan(now: number): Plan {
    const views = this.containers.map((container) => container.view());
    return plan(this.#pod, views, now);
  }

  /** Tells once what this node cannot give. Such a Pod waits until it is deleted. */
  #refuse(): boolean {
    if (this.containers.some(({ runs }) => runs.length > 0)) return false;
    const reasons = unsupportedFields(this.#pod);
    if (reasons.length === 0) return false;
    const known = this.#refusal !== undefined;
    this.#refusal = reasons.join("; ");
    if (!known) this.#context.events.record(pods, this.#pod, "Warning", "Unsupported", this.#refusal);
    return true;
  }

  #checkDeadline(now: number): void {
    const limit = this.#pod.spec?.activeDeadlineSeconds;
    if (limit === undefined || this.#failed !== undefined) return;
    const at = Date.parse(this.#startTime) + limit * 1000;
    if (now < at) {
      this.#timer.at(at);
      return;
    }
    this.#failed = {
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline",
    };
    this.#context.events.record(pods, this.#pod, "Normal", "DeadlineExceeded", this.#failed.message);
  }

  #report(next: Plan): void {
    const { statuses, nodeIPs } = this.#context;
    const facts = this.containers.map((container) => container.facts());
    const starting =
      this.containers.every(({ current }) => current === undefined) &&
      facts.every(({ waiting }) => waiting === undefined);
    const trouble = this.#refusal ?? this.#sandbox.error;
    if (starting && trouble === undefined && Date.now() < this.#quietUntil) {
      this.#timer.at(this.#quietUntil);
      return;
    }
    const hostNetwork = this.#pod.spec?.hostNetwork ?? false;
    const refusal = this.#refusal === undefined ? undefined : { reason: "Unsupported", message: this.#refusal };
    const status = podStatus({
      pod: this.#pod,
      containers: refusal === undefined ? facts : facts.map((fact) => ({ ...fact, waiting: refusal })),
      plan: next,
      hostIPs: nodeIPs,
      podIPs: hostNetwork ? nodeIPs : this.network === undefined ? [] : addressesOf(this.network),
      startTime: this.#startTime,
      failed: this.#failed,
      now: new Date(),
    });
    statuses.set(this.#pod, status);
  }

  /** Ends the containers, tells the API so, and removes what there is of the Pod. */
  async #leave(): Promise<void> {
    const { runtime, volumes, statuses, log } = this.#context;
    try {
      await endContainers(this.#pod, this.containers, () => this.#grace);
      this.#over = true;
      statuses.forget(this.uid);
      if (!this.#removed) await this.#confirm();
      await this.#sandbox.release();
      for (const container of this.containers) for (const run of container.runs) await runtime.remove(run.spec.id);
      volumes.forget(this.uid);
      await this.#sandbox.remove();
      this.close();
      this.#done();
    } catch (error) {
      log.error({ err: error, pod: this.#pod.metadata?.name }, "cannot take a Pod away; it is tried again");
      this.#ending = undefined;
      this.#timer.at(Date.now() + sandboxRetry);
    }
  }

  get #grace(): number {
    const grace = graceOf(this.#pod);
    return this.#removed ? Math.min(graceOfRemoved, grace) : grace;
  }

  async #confirm(): Promise<void> {
    await confirmDeletion(this.#context.client, this.#pod).catch((error) => {
      // The API has forgotten it meanwhile, which is what was wanted.
      if (!this.#removed) throw error;
    });
  }
}

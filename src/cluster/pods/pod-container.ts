import { pods } from "../../kubernetes/resource.ts";
import type { Pod, Container as Spec } from "../../kubernetes/types.ts";
import type { NodeContext } from "./context.ts";
import { execInContainer } from "./exec.ts";
import type { PodNetwork } from "./network.ts";
import { type ContainerView, type Role, type Run, roleOf, type Start } from "./plan.ts";
import { Prober } from "./prober.ts";
import type { Container } from "./runtime.ts";
import { fieldPathOf, startContainer } from "./start-container.ts";
import { type ContainerFacts, containerID } from "./status.ts";
import { runHook, terminateContainer } from "./termination.ts";
import { failureEvent, freshFailure, isOfPod, shownWaiting, type Waiting, waitingAfter } from "./waiting.ts";

/** Ended runs that are kept for `kubectl logs --previous`, beside the current one. */
const keptRuns = 1;

/** One container of a Pod's spec, through all of its runs. */
export class PodContainer {
  readonly role: Role;
  readonly init: boolean;
  readonly runs: Container[] = [];
  spec: Spec;
  #context: NodeContext;
  #waiting?: Waiting;
  #starting = false;
  #stopping = false;
  #prober?: Prober;
  #hookDone = true;
  /** The run whose waiting for the next one was told. */
  #backoffOf?: Container;
  #changed: () => void;

  constructor(context: NodeContext, spec: Spec, init: boolean, changed: () => void) {
    this.#context = context;
    this.spec = spec;
    this.init = init;
    this.role = roleOf(spec, init);
    this.#changed = changed;
  }

  get current(): Container | undefined {
    return this.runs.at(-1);
  }

  get running(): boolean {
    return this.current !== undefined && this.current.exit === undefined;
  }

  /** A run of an earlier life of the agent; oldest first. */
  adopt(container: Container, pod: Pod): void {
    this.runs.push(container);
    if (container.exit !== undefined) return;
    const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
    const before = statuses.find((status) => status.containerID === containerID(container.spec.id));
    this.#probe(container, pod, { started: before?.started ?? false, ready: before?.ready ?? false });
  }

  view(): ContainerView {
    return {
      name: this.spec.name,
      role: this.role,
      run: this.#run(),
      starting: this.#starting,
      started: this.#started,
      retryAt: this.#waiting?.retryAt,
    };
  }

  facts(): ContainerFacts {
    const started = this.#started;
    return {
      name: this.spec.name,
      role: this.role,
      image: this.spec.image ?? "",
      runs: this.runs,
      waiting: this.running ? undefined : this.#waiting && shownWaiting(this.#waiting, this.spec.image, Date.now()),
      started,
      ready: started && (this.#prober?.ready ?? true),
    };
  }

  /** Begins a start; tells by `changed` when it is done, whichever way. */
  start(pod: Pod, start: Start, network: PodNetwork | undefined, etc: string): void {
    this.#starting = true;
    const attempt = async () => {
      try {
        const container = await startContainer(this.#context, {
          pod,
          spec: this.spec,
          init: this.init,
          start,
          network,
          etc,
        });
        this.#waiting = undefined;
        this.runs.push(container);
        // An end that came before this was nobody's yet.
        this.#tellStartError(container, pod);
        this.#probe(container, pod);
        void this.#forgetOldRuns();
        this.#postStart(container, pod);
      } catch (error) {
        this.#failed(error as Error, pod);
      } finally {
        this.#starting = false;
        this.#changed();
      }
    };
    void attempt();
  }

  /** The next run has to wait: told once for each run. */
  backsOff(pod: Pod): void {
    if (this.#backoffOf === this.current) return;
    this.#backoffOf = this.current;
    const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
    const message = `Back-off restarting failed container ${this.spec.name} in pod ${name}_${namespace}(${uid})`;
    this.#note(pod, "Warning", "BackOff", message);
  }

  /** The current run is over. */
  ended(pod: Pod): void {
    this.#prober?.stop();
    this.#prober = undefined;
    this.#hookDone = true;
    const run = this.current;
    if (run !== undefined) this.#tellStartError(run, pod);
    if (run?.spec.launch.kind === "demo") void this.#context.demo.stop(run.spec.id, 0).catch(() => {});
    this.#changed();
  }

  /** Ends the current run; resolves when it is over. `grace` in milliseconds. Calls while it ends are joined to the first. */
  async stop(pod: Pod, grace: number, message: string, keepProbing = false): Promise<void> {
    const run = this.current;
    if (run === undefined || run.exit !== undefined || this.#stopping) return;
    this.#stopping = true;
    if (keepProbing) this.#prober?.keepReadinessOnly();
    else this.#prober?.stop();
    this.#note(pod, "Normal", "Killing", message);
    const onHookFailure = (why: string) =>
      this.#note(pod, "Warning", "FailedPreStopHook", `PreStopHook failed: ${why}`);
    try {
      await terminateContainer(this.#context, run, { spec: this.spec, grace, onHookFailure });
    } finally {
      this.#stopping = false;
    }
  }

  /** Sends KILL at once, whatever goes on. */
  async kill(): Promise<void> {
    if (this.current !== undefined) await this.#context.runtime.signal(this.current, "SIGKILL");
  }

  close(): void {
    this.#prober?.stop();
  }

  get #started(): boolean {
    return this.running && this.#hookDone && (this.#prober?.started ?? true);
  }

  #run(): Run | undefined {
    const container = this.current;
    if (container === undefined) return undefined;
    const { attempt, restartDelay, id } = container.spec;
    if (container.exit === undefined) return { state: "running", attempt, restartDelay };
    return {
      state: "ended",
      attempt,
      restartDelay,
      startedAt: container.startedAt.getTime(),
      finishedAt: container.exit.finishedAt.getTime(),
      exitCode: container.exit.code,
      blameless: this.#context.runtime.verdict(id)?.blameless,
    };
  }

  #failed(error: Error, pod: Pod): void {
    const { image, name } = this.spec;
    const waiting = waitingAfter(error, this.#waiting, Date.now());
    this.#waiting = waiting;
    const event = failureEvent(error, image);
    this.#note(pod, "Warning", event.reason, event.message);
    if (!isOfPod(error))
      this.#context.log.error({ err: error, pod: pod.metadata?.name, container: name }, "cannot start a container");
    if (waiting.reason !== "ErrImagePull") return;
    // The word changes by itself, so somebody must look again.
    setTimeout(() => {
      if (this.#waiting?.reason !== waiting.reason) return;
      this.#note(pod, "Normal", "BackOff", `Back-off pulling image "${image}"`);
      this.#changed();
    }, freshFailure + 50).unref();
  }

  #tellStartError({ exit }: Container, pod: Pod): void {
    if (exit?.reason === "StartError") this.#note(pod, "Warning", "Failed", `Error: ${exit.message}`);
  }

  #postStart(container: Container, pod: Pod): void {
    const hook = this.spec.lifecycle?.postStart;
    if (hook === undefined || container.exit !== undefined) return;
    this.#hookDone = false;
    const attempt = async () => {
      try {
        await runHook(this.#context, container, this.spec, hook);
      } catch (error) {
        const why = (error as Error).message;
        this.#note(pod, "Warning", "FailedPostStartHook", `PostStartHook failed: ${why}`);
        await this.stop(pod, graceOf(pod), `FailedPostStartHook: container ${this.spec.name} will be restarted`);
      }
      this.#hookDone = true;
      this.#changed();
    };
    void attempt();
  }

  #probe(container: Container, pod: Pod, before?: { started: boolean; ready: boolean }): void {
    const { spec } = this;
    if (container.exit !== undefined || this.role === "init") return;
    if (!spec.startupProbe && !spec.livenessProbe && !spec.readinessProbe) return;
    this.#prober = new Prober({
      container: spec,
      startedAt: container.startedAt,
      before,
      context: {
        host: container.spec.pod.address,
        container: spec,
        exec: (argv, timeout) => execInContainer(this.#context.runtime, container, argv, timeout),
      },
      onChange: this.#changed,
      onFailure: (kind, message) =>
        this.#note(pod, "Warning", "Unhealthy", `${kind[0]?.toUpperCase()}${kind.slice(1)} probe failed: ${message}`),
      onExhausted: (kind) => {
        const probe = kind === "startup" ? spec.startupProbe : spec.livenessProbe;
        const grace = probe?.terminationGracePeriodSeconds;
        void this.stop(
          pod,
          grace === undefined ? graceOf(pod) : grace * 1000,
          `Container ${spec.name} failed ${kind} probe, will be restarted`,
        );
      },
    });
  }

  #note(pod: Pod, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#context.events.record(pods, pod, type, reason, message, fieldPathOf(this.spec.name, this.init));
  }

  async #forgetOldRuns(): Promise<void> {
    for (const old of this.runs.splice(0, Math.max(0, this.runs.length - keptRuns - 1)))
      await this.#context.runtime.remove(old.spec.id);
  }
}

/** Milliseconds a Pod's containers have to end by themselves. */
export function graceOf(pod: Pod): number {
  return (pod.metadata?.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
}

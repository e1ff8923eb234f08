/** The status of a Pod, computed from what its containers do. Pure. Rules as kubelet's (Kubernetes 1.33). */
import type { ContainerStatus, Pod, PodCondition } from "../../kubernetes/types.ts";
import type { Plan, Role } from "./plan.ts";
import type { Container } from "./runtime.ts";

export type PodStatus = NonNullable<Pod["status"]>;

/** One container of the spec, with its runs on this node. */
export interface ContainerFacts {
  name: string;
  role: Role;
  image: string;
  /** Oldest first; the last one is the current. */
  runs: readonly Container[];
  /** Why it does not run, as reason and message. */
  waiting?: { reason: string; message?: string };
  started: boolean;
  ready: boolean;
}

export interface StatusInputs {
  pod: Pod;
  containers: readonly ContainerFacts[];
  plan: Pick<Plan, "initialized" | "terminal" | "backoff">;
  /** One of each family, the primary one first. */
  hostIPs: readonly string[];
  /** The same; empty until the Pod has a network. */
  podIPs: readonly string[];
  startTime: string;
  /** A verdict on the whole Pod, such as DeadlineExceeded. */
  failed?: { reason: string; message: string };
  now: Date;
}

export function podStatus(inputs: StatusInputs): PodStatus {
  const { pod, containers, hostIPs, podIPs, startTime, failed } = inputs;
  const statuses = containers.map((facts) => containerStatus(facts, inputs));
  const of = (main: boolean) => statuses.filter((_, index) => (containers[index]?.role === "main") === main);
  const phase = phaseOf(inputs, statuses);
  const init = of(false);
  return {
    phase,
    ...(failed && { reason: failed.reason, message: failed.message }),
    conditions: conditionsOf(inputs, phase, statuses),
    hostIP: hostIPs[0],
    hostIPs: hostIPs.map((ip) => ({ ip })),
    ...(podIPs.length > 0 && { podIP: podIPs[0], podIPs: podIPs.map((ip) => ({ ip })) }),
    startTime,
    ...(init.length > 0 && { initContainerStatuses: init }),
    containerStatuses: of(true),
    qosClass: pod.status?.qosClass ?? qosClass(pod),
  };
}

function phaseOf({ containers, plan, failed, pod }: StatusInputs, statuses: ContainerStatus[]): string {
  const running = (index: number) => statuses[index]?.state?.running !== undefined;
  if (failed !== undefined || plan.terminal !== undefined) {
    // A Pod is not over while something of it still runs.
    if (!statuses.some((_, index) => running(index))) return failed ? "Failed" : (plan.terminal ?? "Failed");
    return "Running";
  }
  const mains = containers.flatMap((facts, index) => (facts.role === "main" ? [index] : []));
  const begun = mains.some((index) => running(index) || (containers[index]?.runs.length ?? 0) > 0);
  // Kubernetes: Running once all containers have been made, and at least one runs or is being restarted.
  if (!plan.initialized && !begun) return "Pending";
  const unborn = mains.some((index) => !running(index) && containers[index]?.runs.length === 0);
  return unborn || pod.spec === undefined ? "Pending" : "Running";
}

function containerStatus(facts: ContainerFacts, { plan, pod }: StatusInputs): ContainerStatus {
  const { name, image, runs, started, ready } = facts;
  const current = runs.at(-1);
  const previous = runs.at(-2);
  const running = current !== undefined && current.exit === undefined;
  const delay = plan.backoff.get(name);
  const waiting =
    facts.waiting ??
    (delay !== undefined
      ? { reason: "CrashLoopBackOff", message: backoffMessage(facts, pod, delay) }
      : current === undefined
        ? { reason: plan.initialized || facts.role !== "main" ? "ContainerCreating" : "PodInitializing" }
        : undefined);
  const ended = terminated(current);
  const earlier = terminated(previous);
  const state = running
    ? { running: { startedAt: seconds(current.startedAt) } }
    : waiting !== undefined && plan.terminal === undefined
      ? { waiting }
      : ended !== undefined
        ? { terminated: ended }
        : { waiting: waiting ?? { reason: "ContainerCreating" } };
  const last = state.waiting !== undefined ? ended : earlier;
  return {
    name,
    image: current?.spec.image ?? image,
    imageID: current === undefined ? "" : `fairway://${current.spec.image}`,
    ...(current && { containerID: containerID(current.spec.id) }),
    ready: ready || (facts.role === "init" && current?.exit?.code === 0),
    started,
    restartCount: current?.spec.attempt ?? 0,
    state,
    lastState: last === undefined ? {} : { terminated: last },
  };
}

export function containerID(id: string): string {
  return `fairway://${id}`;
}

function backoffMessage({ name }: ContainerFacts, { metadata }: Pod, delay: number): string {
  const text = delay >= 60_000 ? `${Math.floor(delay / 60_000)}m${(delay % 60_000) / 1000}s` : `${delay / 1000}s`;
  return `back-off ${text} restarting failed container=${name} pod=${metadata?.name}_${metadata?.namespace}(${metadata?.uid})`;
}

function terminated(run: Container | undefined) {
  if (run?.exit === undefined) return undefined;
  const { code, finishedAt, reason, message } = run.exit;
  return {
    exitCode: code,
    // Only the shell's way to count is known; that a program leaves by itself with more than 128 is rare.
    ...(code > 128 && code <= 192 && reason === undefined && { signal: code - 128 }),
    reason: reason ?? (code === 0 ? "Completed" : "Error"),
    ...(message && { message: message.slice(0, 4096) }),
    startedAt: seconds(run.startedAt),
    finishedAt: seconds(finishedAt),
    containerID: containerID(run.spec.id),
  };
}

function conditionsOf(inputs: StatusInputs, phase: string, statuses: ContainerStatus[]): PodCondition[] {
  const { pod, containers, plan, podIPs, now } = inputs;
  const over = phase === "Succeeded" || phase === "Failed";
  const isInit = (index: number) => containers[index]?.role === "init";
  const unready = statuses.filter((status, index) => !isInit(index) && !status.ready).map(({ name }) => name);
  const incomplete = statuses.filter(
    (status, index) => containers[index]?.role !== "main" && !(isInit(index) ? status.ready : status.started),
  );
  const notReady = over
    ? { reason: phase === "Succeeded" ? "PodCompleted" : "PodFailed" }
    : { reason: "ContainersNotReady", message: `containers with unready status: [${unready.join(" ")}]` };
  const containersReady = !over && plan.initialized && unready.length === 0;
  const gates = pod.spec?.readinessGates ?? [];
  const closed = gates.filter(
    ({ conditionType }) =>
      !pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === "True"),
  );
  const gateReason = {
    reason: "ReadinessGatesNotReady",
    message: closed
      .map(
        ({ conditionType }) =>
          `corresponding condition of pod readiness gate "${conditionType}" does not exist or is not "True".`,
      )
      .join(" "),
  };
  const own = [
    condition("PodReadyToStartContainers", podIPs.length > 0 && !over),
    condition("Initialized", plan.initialized, {
      reason: "ContainersNotInitialized",
      message: `containers with incomplete status: [${incomplete.map(({ name }) => name).join(" ")}]`,
    }),
    condition("Ready", containersReady && closed.length === 0, containersReady ? gateReason : notReady),
    condition("ContainersReady", containersReady, notReady),
  ];
  const before = pod.status?.conditions ?? [];
  const merged = own.map((next) => {
    const old = before.find(({ type }) => type === next.type);
    const same = old?.status === next.status && old.lastTransitionTime !== undefined;
    return { ...next, lastTransitionTime: same ? old.lastTransitionTime : seconds(now) };
  });
  const foreign = before.filter(({ type }) => !own.some((next) => next.type === type));
  const scheduled: PodCondition[] = foreign.some(({ type }) => type === "PodScheduled")
    ? []
    : [{ ...condition("PodScheduled", true), lastTransitionTime: seconds(now) }];
  return [...merged, ...foreign, ...scheduled];
}

function condition(type: string, holds: boolean, otherwise?: { reason: string; message?: string }): PodCondition {
  return { type, status: holds ? "True" : "False", ...(!holds && otherwise) };
}

/** core/v1 PodStatus.qosClass: by the requests and limits of cpu and memory. */
export function qosClass(pod: Pod): string {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const kinds = containers.map(({ resources }) => {
    const limits = resources?.limits ?? {};
    const requests = { ...limits, ...resources?.requests };
    const names = ["cpu", "memory"];
    if (!names.some((name) => name in limits || name in requests)) return "none";
    return names.every((name) => name in limits && requests[name] === limits[name]) ? "full" : "some";
  });
  if (kinds.every((kind) => kind === "none")) return "BestEffort";
  return kinds.every((kind) => kind === "full") ? "Guaranteed" : "Burstable";
}

/** The API's times have no fractions of a second. */
export function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

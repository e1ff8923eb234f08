/** What a Pod's containers need next, decided from its spec and the runs so far. Pure: no clock, no I/O. */
import type { Container as ContainerSpec, Pod } from "../../kubernetes/types.ts";
import { type EndedRun, type RestartPolicy, restartAt } from "./backoff.ts";

export type Role = "init" | "sidecar" | "main";

/** One run of a container. */
export type Run = { state: "running"; attempt: number; restartDelay: number } | ({ state: "ended" } & EndedRun);

/** What is known of one container of the Pod's spec. */
export interface ContainerView {
  name: string;
  role: Role;
  /** The latest run. */
  run?: Run;
  /** A start is under way. */
  starting: boolean;
  /** Running, and its startup probe has passed. */
  started: boolean;
  /** A start that failed before there was a run: not before this time again. */
  retryAt?: number;
}

export interface Start {
  name: string;
  attempt: number;
  restartDelay: number;
}

export interface Plan {
  start: Start[];
  /** Containers in back-off: name to the delay they wait for, in milliseconds. */
  backoff: Map<string, number>;
  /** Every init container is done and every sidecar up. */
  initialized: boolean;
  /** Set when no container will ever run again. */
  terminal?: "Succeeded" | "Failed";
  /** Sidecars that still run although the rest is over. */
  stop: string[];
  /** When to look again at the latest. */
  wakeAt?: number;
}

export function roleOf(container: ContainerSpec, init: boolean): Role {
  if (!init) return "main";
  return container.restartPolicy === "Always" ? "sidecar" : "init";
}

/** `views` in the order of the spec: init containers first. */
export function plan(pod: Pod, views: readonly ContainerView[], now: number): Plan {
  const policy = (pod.spec?.restartPolicy ?? "Always") as RestartPolicy;
  const result: Plan = { start: [], backoff: new Map(), initialized: true, stop: [] };
  const mains = views.filter(({ role }) => role === "main");
  const everBegan = mains.some(({ run }) => run !== undefined);
  const ended = mains.every((view) => isOver(view, policy));
  const brokenInit = views.find((view) => view.role === "init" && !everBegan && isBroken(view, policy));
  if (brokenInit !== undefined || (ended && mains.length > 0)) {
    const succeeded =
      brokenInit === undefined && mains.every(({ run }) => run?.state === "ended" && run.exitCode === 0);
    result.terminal = succeeded ? "Succeeded" : "Failed";
    result.initialized = brokenInit === undefined;
    result.stop = views
      .filter(({ role, run }) => role === "sidecar" && run?.state === "running")
      .map(({ name }) => name);
    return result;
  }
  for (const view of views) {
    if (view.role === "main") {
      if (result.initialized) consider(view, policy, now, result);
    } else if (view.role === "sidecar") {
      if (result.initialized || view.run !== undefined) consider(view, "Always", now, result);
      if (!(view.run?.state === "running" && view.started) && !everBegan) result.initialized = false;
    } else if (!everBegan && result.initialized && !isDone(view)) {
      result.initialized = false;
      consider(view, policy === "Never" ? "Never" : "OnFailure", now, result);
    }
  }
  return result;
}

function isDone({ run }: ContainerView): boolean {
  return run?.state === "ended" && run.exitCode === 0;
}

function isBroken({ run }: ContainerView, policy: RestartPolicy): boolean {
  return policy === "Never" && run?.state === "ended" && run.exitCode !== 0;
}

function isOver({ run, starting }: ContainerView, policy: RestartPolicy): boolean {
  return !starting && run?.state === "ended" && restartAt(run, policy) === undefined;
}

function consider(view: ContainerView, policy: RestartPolicy, now: number, result: Plan): void {
  const { name, run, starting, retryAt } = view;
  if (starting || run?.state === "running") return;
  const wake = (at: number) => {
    result.wakeAt = Math.min(result.wakeAt ?? at, at);
  };
  const next = run === undefined ? { at: 0, delay: 0 } : restartAt(run, policy);
  if (next === undefined) return;
  if (next.at > now) {
    result.backoff.set(name, next.delay);
    wake(next.at);
  } else if (retryAt !== undefined && retryAt > now) wake(retryAt);
  else result.start.push({ name, attempt: run === undefined ? 0 : run.attempt + 1, restartDelay: next.delay });
}

import type { ContainerStatus, Pod } from "../../../../kubernetes/types.ts";
import type { Column } from "../descriptor.ts";
import { age } from "../table/age.ts";
import { ageColumn, nameColumn, text, wide } from "../table/columns.ts";

export const podColumns: Column[] = [
  nameColumn,
  text("Ready"),
  text("Status"),
  text("Restarts"),
  ageColumn,
  wide("IP"),
  wide("Node"),
  wide("Nominated Node"),
  wide("Readiness Gates"),
];

export function podRow(pod: Pod, now: number): string[] {
  const { metadata, spec, status } = pod;
  const summary = summarize(pod);
  return [
    metadata?.name ?? "",
    `${summary.ready}/${summary.total}`,
    summary.reason,
    restartsCell(summary, now),
    age(metadata?.creationTimestamp, now),
    status?.podIPs?.[0]?.ip || status?.podIP || "<none>",
    spec?.nodeName || "<none>",
    status?.nominatedNodeName || "<none>",
    readinessGatesCell(pod),
  ];
}

interface Summary {
  ready: number;
  total: number;
  reason: string;
  restarts: number;
  /** When a container last ended before a restart. */
  lastRestart: string | undefined;
}

/** What STATUS, READY and RESTARTS say: the most telling reason of all containers, init containers first. */
function summarize(pod: Pod): Summary {
  const { spec, status, metadata } = pod;
  const sidecars = new Set(
    (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always").map(({ name }) => name),
  );
  const summary: Summary = {
    ready: 0,
    total: (spec?.containers ?? []).length + sidecars.size,
    reason: status?.reason || gatedReason(pod) || (status?.phase ?? ""),
    restarts: 0,
    lastRestart: undefined,
  };
  const initStatuses = status?.initContainerStatuses ?? [];
  const waitingFor = initStatuses.findIndex((container) => isHoldingUp(container, sidecars));
  const seen = waitingFor < 0 ? initStatuses : initStatuses.slice(0, waitingFor + 1);
  summary.ready = seen.filter((container) => isStartedSidecar(container, sidecars) && container.ready).length;
  if (waitingFor >= 0) {
    summary.reason = initReason(initStatuses[waitingFor]!, waitingFor, (spec?.initContainers ?? []).length);
  }
  if (waitingFor < 0 || hasTrueCondition(pod, "Initialized")) {
    countRestarts(
      summary,
      seen.filter(({ name }) => sidecars.has(name)),
    );
    summarizeContainers(summary, pod);
  } else {
    countRestarts(summary, seen);
  }
  if (metadata?.deletionTimestamp !== undefined) {
    if (status?.reason === "NodeLost") summary.reason = "Unknown";
    else if (status?.phase !== "Failed" && status?.phase !== "Succeeded") summary.reason = "Terminating";
  }
  return summary;
}

function summarizeContainers(summary: Summary, pod: Pod): void {
  const statuses = pod.status?.containerStatuses ?? [];
  countRestarts(summary, statuses);
  let running = false;
  // Backwards, so that the reason of the first container that has one stays.
  for (const { state, ready } of [...statuses].reverse()) {
    if (state?.waiting?.reason) summary.reason = state.waiting.reason;
    else if (state?.terminated) summary.reason = terminatedReason(state.terminated);
    else if (ready && state?.running) {
      running = true;
      summary.ready++;
    }
  }
  if (summary.reason === "Completed" && running) {
    summary.reason = hasTrueCondition(pod, "Ready") ? "Running" : "NotReady";
  }
}

function isStartedSidecar({ name, started }: ContainerStatus, sidecars: Set<string>): boolean {
  return sidecars.has(name) && started === true;
}

/** An init container that has neither succeeded nor, as a sidecar, started. */
function isHoldingUp(container: ContainerStatus, sidecars: Set<string>): boolean {
  return container.state?.terminated?.exitCode !== 0 && !isStartedSidecar(container, sidecars);
}

function initReason({ state }: ContainerStatus, index: number, total: number): string {
  if (state?.terminated) return `Init:${terminatedReason(state.terminated)}`;
  const waiting = state?.waiting?.reason ?? "";
  return waiting !== "" && waiting !== "PodInitializing" ? `Init:${waiting}` : `Init:${index}/${total}`;
}

function terminatedReason(terminated: { reason?: string; signal?: number; exitCode: number }): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

function gatedReason({ status }: Pod): string {
  const gated = status?.conditions?.some(({ type, reason }) => type === "PodScheduled" && reason === "SchedulingGated");
  return gated ? "SchedulingGated" : "";
}

function countRestarts(summary: Summary, statuses: ContainerStatus[]): void {
  for (const { restartCount, lastState } of statuses) {
    summary.restarts += restartCount ?? 0;
    const finished = lastState?.terminated?.finishedAt;
    const later = summary.lastRestart === undefined || Date.parse(finished ?? "") > Date.parse(summary.lastRestart);
    if (finished !== undefined && later) summary.lastRestart = finished;
  }
}

function restartsCell({ restarts, lastRestart }: Summary, now: number): string {
  return restarts > 0 && lastRestart !== undefined ? `${restarts} (${age(lastRestart, now)} ago)` : String(restarts);
}

function readinessGatesCell(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  return `${gates.filter(({ conditionType }) => hasTrueCondition(pod, conditionType)).length}/${gates.length}`;
}

function hasTrueCondition({ status }: Pod, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

/** What a series of probe results means (core/v1 Probe). Pure. */
import type { Probe } from "../../kubernetes/types.ts";

export type ProbeKind = "startup" | "liveness" | "readiness";

export interface ProbeState {
  /** What holds now. */
  passing: boolean;
  /** How many results in a row were the other way. */
  streak: number;
}

/** Before the first result a container counts as alive, but neither as started nor as ready. */
export function initialState(kind: ProbeKind): ProbeState {
  return { passing: kind === "liveness", streak: 0 };
}

export interface ProbeThresholds {
  success: number;
  failure: number;
}

export function thresholds(probe: Probe, kind: ProbeKind): ProbeThresholds {
  // Startup and liveness need exactly one success (validation says so).
  return { success: kind === "readiness" ? (probe.successThreshold ?? 1) : 1, failure: probe.failureThreshold ?? 3 };
}

/** `exhausted`: a startup or liveness probe has failed too often; the container must be restarted. */
export function afterResult(
  state: ProbeState,
  success: boolean,
  kind: ProbeKind,
  limits: ProbeThresholds,
): { state: ProbeState; exhausted: boolean } {
  // A startup probe fails against its starting value as well: that counts up to its limit.
  const against = kind === "startup" && !state.passing ? !success : success !== state.passing;
  if (kind === "startup" && success) return { state: { passing: true, streak: 0 }, exhausted: false };
  if (!against) return { state: { passing: state.passing, streak: 0 }, exhausted: false };
  const streak = state.streak + 1;
  const limit = success ? limits.success : limits.failure;
  if (streak < limit) return { state: { passing: state.passing, streak }, exhausted: false };
  return { state: { passing: success, streak: 0 }, exhausted: !success && kind !== "readiness" };
}

/** All in milliseconds. */
export function timing(probe: Probe): { initialDelay: number; period: number; timeout: number } {
  return {
    initialDelay: (probe.initialDelaySeconds ?? 0) * 1000,
    period: (probe.periodSeconds ?? 10) * 1000,
    timeout: (probe.timeoutSeconds ?? 1) * 1000,
  };
}

/** A port of a probe or hook: a number, or the name of one of the container's ports. */
export function portOf(
  port: string | number | undefined,
  ports: readonly { name?: string; containerPort: number }[] = [],
): number {
  const number =
    typeof port === "number" ? port : (ports.find(({ name }) => name === port)?.containerPort ?? Number(port));
  if (!Number.isInteger(number) || number < 1 || number > 65535)
    throw new Error(`port "${port}" is none of the container's`);
  return number;
}

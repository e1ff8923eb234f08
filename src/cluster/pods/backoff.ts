/** When an ended container runs again (core/v1 PodSpec.restartPolicy; delays as kubelet's since 1.0). Pure; all times in milliseconds. */

export type RestartPolicy = "Always" | "OnFailure" | "Never";

/** What the decision needs of a run that has ended. */
export interface EndedRun {
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  /** The delay that this run itself had to wait for. */
  restartDelay: number;
  attempt: number;
  /** Its end was not the program's doing. */
  blameless?: boolean;
}

const first = 10_000;
const longest = 300_000;
/** A container that ran this long has shown that it works: the delays begin anew. */
const proven = 2 * longest;

/** The first restart comes at once, then 10 s, doubled up to 5 minutes. */
export function nextDelay(run: EndedRun): number {
  if (run.blameless) return 0;
  if (run.attempt === 0 || run.finishedAt - run.startedAt >= proven) return 0;
  return run.restartDelay === 0 ? first : Math.min(run.restartDelay * 2, longest);
}

/** Undefined: it stays ended. Otherwise the time from which on it may run again, and the delay that makes. */
export function restartAt(run: EndedRun, policy: RestartPolicy): { at: number; delay: number } | undefined {
  if (policy === "Never" || (policy === "OnFailure" && run.exitCode === 0)) return undefined;
  const delay = nextDelay(run);
  return { at: run.finishedAt + delay, delay };
}

/** A similar back-off for what fails before a container exists: the n-th retry, from 0. Kubernetes pulls images in these steps. */
export function retryDelay(failures: number): number {
  return Math.min(first * 2 ** Math.min(failures, 10), longest);
}

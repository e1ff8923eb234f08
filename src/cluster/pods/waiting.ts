/** Why a container that could not be started waits, and how that is told: kubelet's reasons and words. Pure. */
import { retryDelay } from "./backoff.ts";
import { ContainerConfigError } from "./environment.ts";
import { VolumeError } from "./projection.ts";

export interface Waiting {
  reason: string;
  message: string;
  /** Since when it waits for this reason. Milliseconds, as all times here. */
  since: number;
  retryAt: number;
  /** Failures before this one. */
  failures: number;
}

/** How long a missing image shows as ErrImagePull before it shows as ImagePullBackOff. */
export const freshFailure = 3_000;
const longestDelay = 60_000;

/** Whether it is the Pod that has to change, or something that it refers to; anything else is this node's trouble. */
export function isOfPod(error: Error): boolean {
  return error instanceof ContainerConfigError || error instanceof VolumeError;
}

/** `before`: what it waited for until this try. */
export function waitingAfter(error: Error, before: Waiting | undefined, now: number): Waiting {
  const failures = before === undefined ? 0 : before.failures + 1;
  const reason = reasonOf(error);
  return {
    reason,
    message: error.message,
    since: before?.reason === reason ? before.since : now,
    retryAt: now + Math.min(retryDelay(failures), longestDelay),
    failures,
  };
}

/** As the Pod's status shows it. */
export function shownWaiting(
  { reason, message, since }: Waiting,
  image: string | undefined,
  now: number,
): { reason: string; message: string } {
  if (reason !== "ErrImagePull" || now - since < freshFailure) return { reason, message };
  return {
    reason: "ImagePullBackOff",
    message: `Back-off pulling image "${image}": ErrImagePull: ${message}`,
  };
}

/** The event that tells of a failed start. */
export function failureEvent(error: Error, image: string | undefined): { reason: string; message: string } {
  const reason = reasonOf(error);
  if (reason === "ErrImagePull")
    return { reason: "Failed", message: `Failed to pull image "${image}": ${error.message}` };
  const message = `Error: ${error.message}`;
  if (reason === "InvalidImageName") return { reason, message };
  return { reason: error instanceof VolumeError ? "FailedMount" : "Failed", message };
}

function reasonOf(error: Error): string {
  if (error instanceof ContainerConfigError) return error.reason;
  return error instanceof VolumeError ? "ContainerCreating" : "CreateContainerError";
}

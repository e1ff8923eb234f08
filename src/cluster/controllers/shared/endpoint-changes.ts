import type { Change } from "../../../kubernetes/reflector.ts";
import type { Pod, Service } from "../../../kubernetes/types.ts";
import { equal } from "./equal.ts";
import { isDeleting } from "./keys.ts";
import { isReady, isTerminated } from "./pod-state.ts";

/** Whether a change of a Pod can change an endpoint made of it: most status updates (probe times, restarts) cannot. */
export function podChangeMatters(change: Change<Pod>): boolean {
  if (change.type !== "modified") return Boolean(change.object.status?.podIP);
  const { old, object } = change;
  return (
    old.status?.podIP !== object.status?.podIP ||
    isReady(old) !== isReady(object) ||
    isDeleting(old) !== isDeleting(object) ||
    isTerminated(old) !== isTerminated(object) ||
    old.spec?.nodeName !== object.spec?.nodeName ||
    !equal(old.metadata?.labels, object.metadata?.labels)
  );
}

/** Whether a change of a Service can change its endpoints: its status (load balancer addresses) cannot. */
export function isServiceChange(change: Change<Service>): boolean {
  if (change.type !== "modified") return true;
  const { old, object } = change;
  return (
    !equal(old.spec, object.spec) ||
    !equal(old.metadata?.labels, object.metadata?.labels) ||
    isDeleting(old) !== isDeleting(object)
  );
}

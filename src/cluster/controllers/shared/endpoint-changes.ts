import type { Change } from "../../../kubernetes/reflector.ts";
import type { Pod, Service } from "../../../kubernetes/types.ts";
import type { Caches } from "./caches.ts";
import { equal } from "./equal.ts";
import { isDeleting, keyOf } from "./keys.ts";
import { isReady, isTerminated, podAddresses } from "./pod-state.ts";
import type { ServicePods } from "./service-pods.ts";

/** Calls `add` with the keys of the Services whose endpoints a change of a Service or a Pod can change. Returns the unsubscribers. */
export function followEndpointChanges(
  caches: Caches,
  related: ServicePods,
  add: (key: string) => void,
): (() => void)[] {
  return [
    caches.services.subscribe((change) => {
      if (isServiceChange(change)) add(keyOf(change.object));
    }),
    caches.pods.subscribe((change) => {
      if (!podChangeMatters(change)) return;
      for (const service of related.servicesOf(change.object)) add(keyOf(service));
      if (change.type === "modified") for (const service of related.servicesOf(change.old)) add(keyOf(service));
    }),
  ];
}

/** Whether a change of a Pod can change an endpoint made of it: most status updates (probe times, restarts) cannot. */
export function podChangeMatters(change: Change<Pod>): boolean {
  if (change.type !== "modified") return podAddresses(change.object).length > 0;
  const { old, object } = change;
  return (
    !equal(podAddresses(old), podAddresses(object)) ||
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

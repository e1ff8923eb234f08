import type { Container, Pod } from "../../../kubernetes/types.ts";
import { controllerOf } from "../shared/keys.ts";
import { type Amounts, amountsOf } from "./amounts.ts";

/** All of a Pod that decides where it may go, computed once. */
export interface PodNeeds {
  pod: Pod;
  /** Requests of all containers together. */
  requests: Amounts;
  /** "TCP/0.0.0.0/8080" of each hostPort. */
  hostPorts: string[];
  /** uid of the controlling owner: Pods of one owner are spread. */
  owner: string | undefined;
}

export function needsOf(pod: Pod): PodNeeds {
  return { pod, requests: requestsOf(pod), hostPorts: hostPortsOf(pod), owner: controllerOf(pod)?.uid };
}

/**
 * Kubernetes' effective request: the containers and sidecars (init containers with restartPolicy Always) together, or what some init container
 * needs beside the sidecars started before it, whichever is more; and the overhead.
 */
function requestsOf(pod: Pod): Amounts {
  const total: Amounts = {};
  for (const container of pod.spec?.containers ?? []) add(total, amountsOf(container.resources?.requests));
  const sidecars: Amounts = {};
  const initial: Amounts = {};
  for (const container of pod.spec?.initContainers ?? []) {
    const requests = amountsOf(container.resources?.requests);
    if (isSidecar(container)) {
      add(total, requests);
      add(sidecars, requests);
      raise(initial, sidecars);
    } else {
      raise(initial, add({ ...sidecars }, requests));
    }
  }
  raise(total, initial);
  return add(total, amountsOf(pod.spec?.overhead));
}

function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

function add(sum: Amounts, more: Amounts): Amounts {
  for (const [resource, amount] of Object.entries(more)) sum[resource] = (sum[resource] ?? 0) + amount;
  return sum;
}

function raise(floor: Amounts, other: Amounts): void {
  for (const [resource, amount] of Object.entries(other)) floor[resource] = Math.max(floor[resource] ?? 0, amount);
}

function hostPortsOf(pod: Pod): string[] {
  const ports: string[] = [];
  for (const container of pod.spec?.containers ?? []) {
    for (const { hostPort, hostIP, protocol, containerPort } of container.ports ?? []) {
      const port = hostPort ?? (pod.spec?.hostNetwork ? containerPort : 0);
      if (port) ports.push(`${protocol ?? "TCP"}/${hostIP || "0.0.0.0"}/${port}`);
    }
  }
  return ports;
}

import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import { isNotFound } from "../../kubernetes/errors.ts";
import { pods } from "../../kubernetes/resource.ts";
import type { Pod } from "../../kubernetes/types.ts";
import type { PodContainer } from "./pod-container.ts";

/**
 * Ends all containers of a Pod, sidecars last (KEP-753). `grace` in milliseconds, asked again for the sidecars: it may be cut short meanwhile.
 * Resolves when nothing of it runs.
 */
export async function endContainers(pod: Pod, containers: readonly PodContainer[], grace: () => number): Promise<void> {
  // A start that is under way must end first, or its container would be left behind.
  while (containers.some((container) => container.view().starting)) await sleep(20);
  const end = (sidecars: boolean) => {
    const chosen = containers.filter(({ role }) => (role === "sidecar") === sidecars);
    return Promise.all(chosen.map((container) => endOne(pod, container, grace())));
  };
  await end(false);
  await end(true);
}

async function endOne(pod: Pod, container: PodContainer, grace: number): Promise<void> {
  await container.stop(pod, grace, `Stopping container ${container.spec.name}`, true);
  if (!container.running) return;
  // It was being stopped already, for another reason and perhaps with more time.
  const timer = setTimeout(() => void container.kill(), grace);
  while (container.running) await sleep(50);
  clearTimeout(timer);
}

/** The containers have ended: now the API may forget the Pod (a DELETE without grace, as kubelet's). */
export async function confirmDeletion(client: KubernetesClient, { metadata }: Pod): Promise<void> {
  const { name = "", namespace, uid } = metadata ?? {};
  try {
    await client.delete(pods, name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

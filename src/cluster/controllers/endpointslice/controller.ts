import { endpointSlices as sliceResource } from "../../../kubernetes/resource.ts";
import type { KubernetesObject, Node } from "../../../kubernetes/types.ts";
import { serviceNameLabel } from "../shared/caches.ts";
import type { StartController } from "../shared/context.ts";
import { followEndpointChanges } from "../shared/endpoint-changes.ts";
import { deleteExactly } from "../shared/gone.ts";
import { isDeleting, keyOf, splitKey } from "../shared/keys.ts";
import { indexServicePods } from "../shared/service-pods.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { WriteTracker } from "../shared/write-tracker.ts";
import { desiredGroups, familiesOf, selectsPods } from "./desired.ts";
import { managedByLabel, sliceManager } from "./slice.ts";
import { TriggerTimes } from "./trigger-time.ts";
import { writeSlices } from "./write-slices.ts";

/** Keeps the EndpointSlices of every Service that selects Pods. */
export const startEndpointSliceController: StartController = ({ client, caches, log }) => {
  const related = indexServicePods(caches);
  const triggerTimes = new TriggerTimes();
  const tracker = new WriteTracker(caches.endpointSlices, serviceOf, (key) => queue.add(key));
  const queue = new WorkQueue({
    log,
    sync,
    // Writing a slice sends it to every node: with many endpoints, one write takes in more changes. Milliseconds.
    minInterval: (key) => Math.min(100, caches.slicesByService.count(key) * 10),
  });
  const unsubscribe = [
    ...followEndpointChanges(caches, related, (key) => queue.add(key)),
    // Somebody else's hand, or slices that outlived their Service.
    caches.endpointSlices.subscribe((change) => {
      if (isManaged(change.object)) queue.add(serviceOf(change.object));
      if (change.type === "modified" && isManaged(change.old)) queue.add(serviceOf(change.old));
    }),
    caches.nodes.subscribe((change) => {
      if (change.type === "modified" && zoneOf(change.old) === zoneOf(change.object)) return;
      for (const pod of caches.podsByNode.get(change.object.metadata?.name ?? "")) {
        for (const service of related.servicesOf(pod)) queue.add(keyOf(service));
      }
    }),
  ];

  async function sync(key: string) {
    if (tracker.isBehind(key, Date.now())) return { requeueAfter: 1000 };
    const { namespace, name } = splitKey(key);
    const service = caches.services.get(name, namespace);
    const existing = caches.slicesByService.get(key).filter((slice) => isManaged(slice) && !isDeleting(slice));
    if (service === undefined || isDeleting(service) || !selectsPods(service)) {
      triggerTimes.forget(key);
      // A Service that lost its selector leaves its slices to whoever takes over; of one that is gone they go.
      if (service === undefined) for (const slice of existing) await deleteExactly(client, sliceResource, slice);
      return;
    }
    const pods = related.podsOf(service);
    const desired = new Map(
      familiesOf(service).map((family) => [
        family,
        desiredGroups(service, pods, (node) => caches.nodes.get(node), family),
      ]),
    );
    const triggerTime = triggerTimes.update(key, service, pods);
    await writeSlices({ client, tracker, service, existing, desired, triggerTime });
    return;
  }

  return {
    stop() {
      for (const end of unsubscribe) end();
      tracker.stop();
      return queue.stop();
    },
  };
};

function isManaged({ metadata }: KubernetesObject): boolean {
  return metadata?.labels?.[managedByLabel] === sliceManager;
}

function serviceOf({ metadata }: KubernetesObject): string {
  return `${metadata?.namespace}/${metadata?.labels?.[serviceNameLabel] ?? ""}`;
}

function zoneOf(node: Node): string | undefined {
  return node.metadata?.labels?.["topology.kubernetes.io/zone"];
}

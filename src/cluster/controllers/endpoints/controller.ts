import { endpoints as endpointsResource } from "../../../kubernetes/resource.ts";
import type { Endpoints, Service } from "../../../kubernetes/types.ts";
import { selectsPods } from "../endpointslice/desired.ts";
import { headlessLabel } from "../endpointslice/slice.ts";
import { TriggerTimes, triggerTimeAnnotation } from "../endpointslice/trigger-time.ts";
import type { StartController } from "../shared/context.ts";
import { followEndpointChanges } from "../shared/endpoint-changes.ts";
import { equal } from "../shared/equal.ts";
import { deleteExactly } from "../shared/gone.ts";
import { isDeleting, keyOf, splitKey } from "../shared/keys.ts";
import { indexServicePods } from "../shared/service-pods.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { subsetsOf } from "./subsets.ts";

const capacityAnnotation = "endpoints.kubernetes.io/over-capacity";

/** Keeps the Endpoints object of every Service that selects Pods: what old clients read instead of EndpointSlices. */
export const startEndpointsController: StartController = ({ client, caches, log }) => {
  const related = indexServicePods(caches);
  const triggerTimes = new TriggerTimes();
  const queue = new WorkQueue({
    log,
    sync,
    concurrency: 2,
    // The object is written whole: the larger it is, the more changes go into one write. Nothing here reads it in a hurry.
    minInterval: (key) => {
      const { namespace, name } = splitKey(key);
      const subsets = caches.endpoints.get(name, namespace)?.subsets ?? [];
      const count = subsets.reduce((sum, { addresses = [], notReadyAddresses = [] }) => {
        return sum + addresses.length + notReadyAddresses.length;
      }, 0);
      return Math.min(2000, 20 + count * 4);
    },
  });
  const unsubscribe = [
    ...followEndpointChanges(caches, related, (key) => queue.add(key)),
    caches.endpoints.subscribe(({ object }) => queue.add(keyOf(object))),
  ];

  async function sync(key: string): Promise<undefined> {
    const { namespace, name } = splitKey(key);
    const service = caches.services.get(name, namespace);
    const existing = caches.endpoints.get(name, namespace);
    if (service === undefined) {
      triggerTimes.forget(key);
      if (existing !== undefined && isOwn(existing)) await deleteExactly(client, endpointsResource, existing);
      return;
    }
    if (isDeleting(service) || !selectsPods(service)) return;
    const pods = related.podsOf(service);
    const { subsets, truncated } = subsetsOf(service, pods);
    const wanted = endpointsFor(service, existing, truncated);
    const triggerTime = triggerTimes.update(key, service, pods);
    const same =
      equal(existing?.subsets ?? [], subsets) &&
      equal(existing?.metadata?.labels, wanted.labels) &&
      existing?.metadata?.annotations?.[capacityAnnotation] === wanted.annotations[capacityAnnotation];
    if (existing !== undefined && same) return;
    if (triggerTime !== undefined) wanted.annotations[triggerTimeAnnotation] = triggerTime;
    const object: Endpoints = {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { ...existing?.metadata, name, namespace, labels: wanted.labels, annotations: wanted.annotations },
      subsets,
    };
    if (existing === undefined) await client.create(endpointsResource, object, { namespace });
    else await client.update(endpointsResource, object, { namespace });
  }

  return {
    stop() {
      for (const end of unsubscribe) end();
      return queue.stop();
    },
  };
};

const managedBy = { "endpoints.kubernetes.io/managed-by": "endpoint-controller" };

/** Made here, and not by a person for a Service without selector. */
function isOwn({ metadata }: Endpoints): boolean {
  return Object.entries(managedBy).every(([key, value]) => metadata?.labels?.[key] === value);
}

function endpointsFor(service: Service, existing: Endpoints | undefined, truncated: boolean) {
  const { [headlessLabel]: _headless, ...labels } = service.metadata?.labels ?? {};
  const {
    [triggerTimeAnnotation]: _time,
    [capacityAnnotation]: _capacity,
    ...others
  } = existing?.metadata?.annotations ?? {};
  const annotations: Record<string, string> = { ...others, ...(truncated && { [capacityAnnotation]: "truncated" }) };
  const headless: Record<string, string> = service.spec?.clusterIP === "None" ? { [headlessLabel]: "" } : {};
  return { labels: { ...labels, ...managedBy, ...headless }, annotations };
}

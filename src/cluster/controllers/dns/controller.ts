import { isNotFound } from "../../../kubernetes/errors.ts";
import { services as serviceResource } from "../../../kubernetes/resource.ts";
import type { KubernetesObject, Service } from "../../../kubernetes/types.ts";
import { managedByLabel } from "../endpointslice/slice.ts";
import { writeSlices } from "../endpointslice/write-slices.ts";
import { serviceNameLabel } from "../shared/caches.ts";
import type { StartController } from "../shared/context.ts";
import { equal } from "../shared/equal.ts";
import { keyOf } from "../shared/keys.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { WriteTracker } from "../shared/write-tracker.ts";
import { dnsGroups, dnsService, serverAddress } from "./desired.ts";

const namespace = "kube-system";
const name = "kube-dns";
const key = `${namespace}/${name}`;
const manager = "dns-controller.fairway";

/** Keeps the Service of cluster DNS and its EndpointSlices: every ready node answers on port 53 of its own address. */
export const startDnsController: StartController = ({ client, caches, config, log }) => {
  const wanted = dnsService(config.dnsAddress);
  const tracker = new WriteTracker(
    caches.endpointSlices,
    () => key,
    () => queue.add(key),
  );
  const queue = new WorkQueue({ log, sync, concurrency: 1, firstBackoff: 100 });
  queue.add(key);
  const unsubscribe = [
    caches.services.subscribe(({ object }) => {
      if (keyOf(object) === key) queue.add(key);
    }),
    caches.nodes.subscribe((change) => {
      if (change.type !== "modified" || !equal(serverAddress(change.old), serverAddress(change.object))) queue.add(key);
    }),
    caches.endpointSlices.subscribe(({ object }) => {
      if (isOwn(object)) queue.add(key);
    }),
  ];

  async function sync() {
    if (tracker.isBehind(key, Date.now())) return { requeueAfter: 1000 };
    const service = caches.services.get(name, namespace) ?? (await create());
    const existing = caches.slicesByService.get(key).filter(isOwn);
    const desired = new Map([["IPv4" as const, dnsGroups(caches.nodes.list())]]);
    await writeSlices({ client, tracker, service, manager, existing, desired });
    return;
  }

  async function create(): Promise<Service> {
    try {
      return await client.get<Service>(serviceResource, name, namespace);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return client.create(serviceResource, wanted, { namespace });
  }

  return {
    stop() {
      for (const end of unsubscribe) end();
      tracker.stop();
      return queue.stop();
    },
  };
};

function isOwn({ metadata }: KubernetesObject): boolean {
  return metadata?.labels?.[managedByLabel] === manager && metadata.labels[serviceNameLabel] === name;
}

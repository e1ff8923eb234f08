import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { isConflict, isNotFound } from "../../../kubernetes/errors.ts";
import * as resources from "../../../kubernetes/resource.ts";
import type { KubernetesObject, Namespace } from "../../../kubernetes/types.ts";
import { forEachLimited } from "../shared/batch.ts";
import type { StartController } from "../shared/context.ts";
import { unlessGone } from "../shared/gone.ts";
import { isDeleting, keyOf, splitKey } from "../shared/keys.ts";
import { patchStatus } from "../shared/patch.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { deletionConditions, type Remains } from "./status.ts";

/** The finalizer in spec.finalizers that keeps a Namespace until it is empty. */
const ownFinalizer = "kubernetes";
/** What waits for others (Pods that end, finalizers) is looked at again after this many milliseconds. */
const lookAgain = 500;

/** Owners before what they own, or they would make it anew; Events last, they tell of the rest. */
const namespacedResources: readonly resources.Resource[] = [
  resources.deployments,
  resources.daemonSets,
  resources.replicaSets,
  resources.ingresses,
  resources.services,
  resources.pods,
  resources.endpointSlices,
  resources.endpoints,
  resources.configMaps,
  resources.secrets,
  resources.leases,
  resources.roleBindings,
  resources.roles,
  resources.serviceAccounts,
  resources.events,
];

/** Empties namespaces that are being deleted, says how far it got in their conditions, and then lets them go. */
export const startNamespaceController: StartController = ({ client, caches, log }) => {
  const queue = new WorkQueue({ log, sync, minInterval: 50 });
  const unsubscribe = caches.namespaces.subscribe(({ type, object }) => {
    if (type !== "deleted" && isDeleting(object)) queue.add(keyOf(object));
  });

  async function sync(key: string) {
    const { name } = splitKey(key);
    const namespace = caches.namespaces.get(name);
    if (namespace === undefined || !isDeleting(namespace)) return;
    if (!namespace.spec?.finalizers?.includes(ownFinalizer)) return;
    const remains = await empty(client, name);
    if (remains.counts.size === 0 && remains.failures.length === 0) {
      await finalize(client, namespace);
      return;
    }
    const conditions = deletionConditions(namespace.status?.conditions ?? [], remains, Date.now());
    await unlessGone(patchStatus(client, resources.namespaces, namespace, { ...namespace.status, conditions }));
    return { requeueAfter: lookAgain };
  }

  return {
    stop() {
      unsubscribe();
      return queue.stop();
    },
  };
};

/** Asks for the deletion of everything in a namespace and tells what was there. Lists from the API: the caches may be behind. */
async function empty(client: KubernetesClient, namespace: string): Promise<Remains> {
  const remains: Remains = { counts: new Map(), finalizers: new Map(), failures: [] };
  for (const resource of namespacedResources) {
    const name = resource.group === "" ? `${resource.plural}.` : `${resource.plural}.${resource.group}`;
    try {
      const left = await emptyOne(client, resource, namespace, remains.finalizers);
      if (left > 0) remains.counts.set(name, left);
    } catch (error) {
      remains.failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return remains;
}

async function emptyOne(
  client: KubernetesClient,
  resource: resources.Resource,
  namespace: string,
  finalizers: Map<string, number>,
): Promise<number> {
  let left = 0;
  let next: string | undefined;
  do {
    const page = await client.list<KubernetesObject>(resource, { namespace, limit: 500, continue: next });
    next = page.metadata.continue || undefined;
    await forEachLimited(page.items, 16, async ({ metadata }) => {
      for (const finalizer of metadata?.finalizers ?? [])
        finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
      if (metadata?.deletionTimestamp === undefined) {
        await remove(client, resource, namespace, metadata?.name ?? "");
      }
      // Gone at once or not: only the next list knows.
      left += 1;
    });
  } while (next !== undefined);
  if (left === 0) return 0;
  const { items } = await client.list(resource, { namespace, limit: 1 });
  return items.length === 0 ? 0 : left;
}

async function remove(client: KubernetesClient, resource: resources.Resource, namespace: string, name: string) {
  try {
    await client.delete(resource, name, { namespace, propagationPolicy: "Background" });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

async function finalize(client: KubernetesClient, namespace: Namespace): Promise<void> {
  const finalizers = namespace.spec?.finalizers?.filter((finalizer) => finalizer !== ownFinalizer);
  const object: Namespace = {
    ...namespace,
    apiVersion: "v1",
    kind: "Namespace",
    spec: { ...namespace.spec, finalizers },
  };
  await unlessGone(client.update(resources.namespaces, object, { subresource: "finalize" }));
}

import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { startReflector } from "../../../kubernetes/list-watch.ts";
import type { Change, Reflector } from "../../../kubernetes/reflector.ts";
import * as resources from "../../../kubernetes/resource.ts";
import type { KubernetesObject, OwnerReference } from "../../../kubernetes/types.ts";
import { WatchTrouble } from "../../../kubernetes/watch-trouble.ts";
import { forEachLimited } from "../shared/batch.ts";
import { type Caches, watchTrouble } from "../shared/caches.ts";
import type { StartController } from "../shared/context.ts";
import { unlessGone } from "../shared/gone.ts";
import { uidOf } from "../shared/keys.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { decide, isWaiting } from "./decide.ts";
import { foregroundFinalizer, type GraphNode, OwnerGraph, orphanFinalizer } from "./graph.ts";
import { OwnerLookup } from "./owner-lookup.ts";

const writesAtOnce = 16;

/** Deletes what has lost its owners, and carries out deletions in the foreground and with orphans. */
export const startGarbageCollector: StartController = ({ client, caches, log }) => {
  const graph = new OwnerGraph();
  const sources = [...sharedSources(caches), ...ownSources(client, new WatchTrouble(log, watchTrouble))];
  const lookup = new OwnerLookup(
    client,
    graph,
    sources.map(([resource]) => resource),
  );
  const queue = new WorkQueue({ log, sync, concurrency: writesAtOnce, longestBackoff: 5000 });
  let complete = false;

  const unsubscribe = sources.map(([resource, cache]) => cache.subscribe((change) => observe(resource, change)));
  // Before all kinds are read, an owner that is not in the graph means nothing.
  const synced = Promise.all(sources.map(([, cache]) => cache.synced)).then(() => {
    complete = true;
    for (const node of graph.all()) addIfDue(node);
  });
  synced.catch((error: Error) => log.error(error.message));

  function observe(resource: resources.Resource, change: Change<KubernetesObject>): void {
    const before = graph.get(uidOf(change.object));
    if (change.type === "deleted") {
      graph.remove(uidOf(change.object));
      lookup.remember(uidOf(change.object));
      for (const dependent of graph.dependentsOf(uidOf(change.object))) queue.add(dependent.uid);
      for (const owner of before?.owners ?? []) addWaiting(owner);
      return;
    }
    // Most changes (status, heartbeats) are none to the collector; put keeps the version for preconditions.
    const node = graph.put(resource, change.object);
    if (!complete) return;
    if (before !== undefined && before.owners !== node.owners) for (const owner of before.owners) addWaiting(owner);
    addIfDue(node);
    if (isWaiting(node) && !(before !== undefined && isWaiting(before)))
      for (const dependent of graph.dependentsOf(node.uid)) queue.add(dependent.uid);
  }

  /** An owner that is deleted in the foreground may have waited for just this. */
  function addWaiting({ uid }: OwnerReference): void {
    const node = graph.get(uid);
    if (node !== undefined && isWaiting(node)) queue.add(uid);
  }

  function addIfDue(node: GraphNode): void {
    const own = node.finalizers.includes(orphanFinalizer) || node.finalizers.includes(foregroundFinalizer);
    const lacksOwner = node.owners.some(({ uid }) => {
      const owner = graph.get(uid);
      return owner === undefined || isWaiting(owner);
    });
    if (node.deleting ? own : lacksOwner) queue.add(node.uid);
  }

  async function sync(uid: string): Promise<undefined> {
    const node = graph.get(uid);
    if (node === undefined || !complete) return;
    const states = node.deleting ? new Map() : await lookup.statesOf(node);
    const decision = decide(node, graph.dependentsOf(uid), (owner) => states.get(owner.uid) ?? "present");
    log.debug({ object: `${node.resource.plural}/${node.namespace}/${node.name}`, ...decision }, "decided");
    switch (decision.action) {
      case "keep":
        return;
      case "drop-references":
        await dropReferences(client, node, decision.uids);
        return;
      case "orphan-dependents": {
        const dependents = graph.dependentsOf(uid);
        await forEachLimited(dependents, writesAtOnce, (dependent) => dropReferences(client, dependent, [uid]));
        await dropFinalizer(client, node, orphanFinalizer);
        return;
      }
      case "wait-for-dependents":
        for (const { uid: blocking, deleting } of decision.blocking) if (!deleting) queue.add(blocking);
        if (decision.blocking.length === 0) await dropFinalizer(client, node, foregroundFinalizer);
        return;
      case "delete":
        // The patch comes back as a change, and the object is looked at again.
        if (decision.unblock && blocksOwner(node)) await unblockOwners(client, node);
        else await remove(client, node, decision.policy);
        return;
    }
  }

  return {
    async stop() {
      for (const end of unsubscribe) end();
      for (const [resource, cache] of sources) if (ownKinds.includes(resource)) cache.stop();
      await queue.stop();
    },
  };
};

type Source = [resources.Resource, Reflector<KubernetesObject>];

function sharedSources(caches: Caches): Source[] {
  return [
    [resources.pods, caches.pods],
    [resources.nodes, caches.nodes],
    [resources.services, caches.services],
    [resources.endpoints, caches.endpoints],
    [resources.endpointSlices, caches.endpointSlices],
    [resources.deployments, caches.deployments],
    [resources.replicaSets, caches.replicaSets],
    [resources.daemonSets, caches.daemonSets],
    [resources.namespaces, caches.namespaces],
    [resources.leases, caches.leases],
    [resources.configMaps, caches.configMaps],
    [resources.serviceAccounts, caches.serviceAccounts],
  ] as Source[];
}

/** Kinds that no other controller reads. Events own nothing and nobody owns them. */
const ownKinds = [
  resources.secrets,
  resources.ingresses,
  resources.ingressClasses,
  resources.roles,
  resources.roleBindings,
  resources.clusterRoles,
  resources.clusterRoleBindings,
];

/** Of these only the metadata is kept; a Secret's data never stays here. */
function ownSources(client: KubernetesClient, trouble: WatchTrouble): Source[] {
  return ownKinds.map((resource) => [
    resource,
    startReflector<KubernetesObject>(client, resource, {
      transform: ({ metadata }) => ({ metadata }),
      onError: trouble.of(resource.plural),
    }),
  ]);
}

/** A patch that applies only to the version that the decision was made on. */
async function patchNode(client: KubernetesClient, node: GraphNode, metadata: object): Promise<void> {
  const { resource, name, namespace, uid, resourceVersion } = node;
  const body = { metadata: { ...metadata, uid, resourceVersion } };
  await unlessGone(client.patch(resource, name, body, { namespace, type: "merge" }));
}

async function dropReferences(client: KubernetesClient, node: GraphNode, uids: readonly string[]): Promise<void> {
  if (!node.owners.some(({ uid }) => uids.includes(uid))) return;
  await patchNode(client, node, { ownerReferences: node.owners.filter(({ uid }) => !uids.includes(uid)) });
}

function blocksOwner(node: GraphNode): boolean {
  return node.owners.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true);
}

async function unblockOwners(client: KubernetesClient, node: GraphNode): Promise<void> {
  await patchNode(client, node, {
    ownerReferences: node.owners.map((owner) => ({ ...owner, blockOwnerDeletion: false })),
  });
}

async function dropFinalizer(client: KubernetesClient, node: GraphNode, finalizer: string): Promise<void> {
  await patchNode(client, node, { finalizers: node.finalizers.filter((name) => name !== finalizer) });
}

async function remove(
  client: KubernetesClient,
  { resource, name, namespace, uid, resourceVersion }: GraphNode,
  propagationPolicy: "Background" | "Foreground" | "Orphan",
): Promise<void> {
  const preconditions = { uid, resourceVersion };
  await unlessGone(client.delete(resource, name, { namespace, propagationPolicy, preconditions }));
}

import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { isAlreadyExists } from "../../../kubernetes/errors.ts";
import { isEmptySelector, matchesSelector } from "../../../kubernetes/label-selector.ts";
import { deployments as deploymentResource, replicaSets as replicaSetResource } from "../../../kubernetes/resource.ts";
import type { Deployment, ReplicaSet } from "../../../kubernetes/types.ts";
import { claim } from "../shared/claim.ts";
import type { ControllerContext, StartController } from "../shared/context.ts";
import { equal } from "../shared/equal.ts";
import { deleteExactly, unlessGone } from "../shared/gone.ts";
import { controllerOf, isDeleting, keyOf, splitKey, uidOf } from "../shared/keys.ts";
import { patchExactly, patchStatus } from "../shared/patch.ts";
import { isTerminated } from "../shared/pod-state.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { findCondition, type NewCondition } from "./conditions.ts";
import { type Plan, planRecreate, planRolling, planScaling, sizeOf, splitSets, wasScaled } from "./plan.ts";
import { newReplicaSet } from "./replica-set.ts";
import { beyondHistory, currentAnnotations, nextRevision, revisionAnnotation, sizeAnnotations } from "./revision.ts";
import { growNew } from "./rolling.ts";
import { deadlineOf, isComplete, maxSurgeOf, type Sets, statusOf, untilDeadline } from "./status.ts";
import { sameTemplate } from "./template-hash.ts";

/**
 * Brings each Deployment's ReplicaSets to its template and size, one step a pass; every write comes back through the cache and makes the next
 * step. A step that was computed from a stale cache fails by resourceVersion and is computed again.
 */
export const startDeploymentController: StartController = (context) => {
  const { caches, log } = context;
  const queue = new WorkQueue({ log, sync: (key) => sync(context, key) });
  const addOwner = (set: ReplicaSet) => {
    const reference = controllerOf(set);
    const { namespace = "", labels } = set.metadata ?? {};
    if (reference?.kind === deploymentResource.kind) queue.add(`${namespace}/${reference.name}`);
    if (reference !== undefined) return;
    for (const deployment of caches.deploymentsIn.get(namespace)) {
      if (matchesSelector(deployment.spec?.selector, labels)) queue.add(keyOf(deployment));
    }
  };
  const unsubscribe = [
    caches.deployments.subscribe(({ object }) => queue.add(keyOf(object))),
    caches.replicaSets.subscribe((change) => {
      addOwner(change.object);
      if (change.type === "modified" && controllerOf(change.old)?.uid !== controllerOf(change.object)?.uid)
        addOwner(change.old);
    }),
    // Recreate waits for the end of old Pods; nothing else here depends on single Pods.
    caches.pods.subscribe(({ type, object }) => {
      const owner = controllerOf(object);
      if (owner?.kind !== replicaSetResource.kind || (type !== "deleted" && !isTerminated(object))) return;
      const set = caches.replicaSets.get(owner.name, object.metadata?.namespace);
      if (set !== undefined) addOwner(set);
    }),
  ];
  return {
    stop() {
      for (const end of unsubscribe) end();
      return queue.stop();
    },
  };
};

async function sync(context: ControllerContext, key: string) {
  const { client, caches, events } = context;
  const { namespace, name } = splitKey(key);
  const deployment = caches.deployments.get(name, namespace);
  if (deployment === undefined) return;
  const selector = deployment.spec?.selector;
  if (selector === undefined || isEmptySelector(selector)) {
    const message = "This deployment is selecting all pods. A non-empty selector is required.";
    events.record(deploymentResource, deployment, "Warning", "SelectingAll", message);
    return;
  }
  const owner = { object: deployment, resource: deploymentResource, selector };
  const owned = await claim(client, owner, replicaSetResource, caches.replicaSetsIn.get(namespace));
  const sets = splitSets(deployment, owned);
  const conditions = pauseConditions(deployment);
  if (isDeleting(deployment)) return finish(client, deployment, sets, conditions, false);
  if (deployment.spec?.paused || wasScaled(deployment, sets)) {
    const revised = await reviseCurrent(client, deployment, sets);
    await carryOut(context, deployment, revised, planScaling(deployment, revised));
    if (deployment.spec?.paused) await cleanUp(client, deployment, revised.old);
    return finish(client, deployment, revised, conditions, false);
  }
  return rollOut(context, deployment, sets, conditions);
}

/** One step of the rollout. */
async function rollOut(context: ControllerContext, deployment: Deployment, sets: Sets, conditions: NewCondition[]) {
  const { client, caches } = context;
  const recreate = deployment.spec?.strategy?.type === "Recreate";
  const oldPodsRun = sets.old.some((set) => caches.podsByController.get(uidOf(set)).some((pod) => !isTerminated(pod)));
  if (recreate) {
    const plan = planRecreate(deployment, sets.current, sets.old, oldPodsRun);
    if (plan.reason === "recreate-stop-old") await carryOut(context, deployment, sets, plan);
    if (plan.reason === "recreate-stop-old" || plan.reason === "recreate-wait")
      return finish(client, deployment, sets, conditions, true);
  }
  const { current, event } = await ensureCurrent(context, deployment, sets);
  const complete = { current, old: sets.old };
  if (event !== undefined) conditions.push(event);
  if (current === undefined) return finish(client, deployment, sets, conditions, true);
  const plan = recreate
    ? planRecreate(deployment, current, sets.old, oldPodsRun)
    : planRolling(deployment, current, sets.old);
  await carryOut(context, deployment, complete, plan);
  const status = statusOf(deployment, complete, Date.now(), conditions);
  if (isComplete(deployment, status)) await cleanUp(client, deployment, sets.old);
  return finish(client, deployment, complete, conditions, true);
}

/** Finds or creates the ReplicaSet of the present template. Undefined when its name is taken by a stranger's: tried again under another. */
async function ensureCurrent(
  { client, events }: ControllerContext,
  deployment: Deployment,
  sets: Sets,
): Promise<{ current?: ReplicaSet; event?: NewCondition }> {
  const progress = (reason: string, message: string): NewCondition | undefined => {
    if (deadlineOf(deployment) === undefined) return undefined;
    return { type: "Progressing", status: reason === "ReplicaSetCreateError" ? "False" : "True", reason, message };
  };
  if (sets.current !== undefined) {
    const revised = await reviseCurrent(client, deployment, sets);
    const isNew = findCondition(deployment.status?.conditions, "Progressing") === undefined;
    const message = `Found new replica set "${sets.current.metadata?.name}"`;
    return { current: revised.current, event: isNew ? progress("FoundNewReplicaSet", message) : undefined };
  }
  const replicas = deployment.spec?.replicas ?? 1;
  const recreate = deployment.spec?.strategy?.type === "Recreate";
  const totalOld = sets.old.reduce((sum, set) => sum + sizeOf(set), 0);
  const size = recreate ? replicas : growNew(replicas, maxSurgeOf(deployment), 0, totalOld);
  const revision = nextRevision(sets.old);
  const wanted = newReplicaSet(deployment, revision, size);
  const { name = "", namespace } = wanted.metadata ?? {};
  let current: ReplicaSet;
  try {
    current = await client.create(replicaSetResource, wanted, { namespace });
  } catch (error) {
    if (isAlreadyExists(error)) {
      const live = await client.get<ReplicaSet>(replicaSetResource, name, namespace);
      const ours = controllerOf(live)?.uid === uidOf(deployment);
      if (ours && sameTemplate(live.spec?.template, deployment.spec?.template)) return { current: live };
      const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
      await patchStatus(client, deploymentResource, deployment, { ...deployment.status, collisionCount });
      return {};
    }
    const message = error instanceof Error ? error.message : String(error);
    events.record(deploymentResource, deployment, "Warning", "ReplicaSetCreateError", message);
    const event = progress("ReplicaSetCreateError", `Failed to create new replica set "${name}": ${message}`);
    await finish(client, deployment, sets, event === undefined ? [] : [event], true);
    throw error;
  }
  if (size > 0) {
    const message = `Scaled up replica set ${name} from 0 to ${size}`;
    events.record(deploymentResource, deployment, "Normal", "ScalingReplicaSet", message);
  }
  await writeRevision(client, deployment, String(revision));
  return { current, event: progress("NewReplicaSetCreated", `Created new replica set "${name}"`) };
}

/** Hands the Deployment's annotations, revision and minReadySeconds on to the ReplicaSet of its present template. */
async function reviseCurrent(client: KubernetesClient, deployment: Deployment, sets: Sets): Promise<Sets> {
  const { current, old } = sets;
  if (current === undefined) return sets;
  const existing = current.metadata?.annotations ?? {};
  const annotations = currentAnnotations(deployment, existing, nextRevision(old));
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  let revised = current;
  if (!equal(annotations, existing) || (current.spec?.minReadySeconds ?? 0) !== minReadySeconds)
    revised = await patchExactly(client, replicaSetResource, current, {
      metadata: { annotations },
      spec: { minReadySeconds },
    });
  await writeRevision(client, deployment, annotations[revisionAnnotation] ?? "");
  return { current: revised, old };
}

async function writeRevision(client: KubernetesClient, deployment: Deployment, revision: string): Promise<void> {
  if (deployment.metadata?.annotations?.[revisionAnnotation] === revision) return;
  const { name = "", namespace } = deployment.metadata ?? {};
  const patch = { metadata: { annotations: { [revisionAnnotation]: revision } } };
  await client.patch(deploymentResource, name, patch, { namespace, type: "merge" });
}

/** Writes the new sizes, and on active sets the size they were made for. */
async function carryOut(
  { client, events }: ControllerContext,
  deployment: Deployment,
  { current, old }: Sets,
  plan: Plan,
): Promise<void> {
  const replicas = deployment.spec?.replicas ?? 1;
  const wanted = sizeAnnotations(replicas, maxSurgeOf(deployment));
  for (const set of [...(current === undefined ? [] : [current]), ...old]) {
    const from = sizeOf(set);
    const to = plan.sizes.get(set.metadata?.name ?? "") ?? from;
    const annotated = Object.entries(wanted).every(([key, value]) => set.metadata?.annotations?.[key] === value);
    if (to === from && (annotated || from === 0)) continue;
    await patchExactly(client, replicaSetResource, set, {
      metadata: { annotations: wanted },
      ...(to !== from && { spec: { replicas: to } }),
    });
    if (to === from) continue;
    const message = `Scaled ${to > from ? "up" : "down"} replica set ${set.metadata?.name} from ${from} to ${to}`;
    events.record(deploymentResource, deployment, "Normal", "ScalingReplicaSet", message);
  }
}

async function cleanUp(client: KubernetesClient, deployment: Deployment, old: readonly ReplicaSet[]): Promise<void> {
  for (const object of beyondHistory(deployment, old)) await deleteExactly(client, replicaSetResource, object);
}

/** Pausing stops the clock of the progress deadline, resuming starts it again. */
function pauseConditions(deployment: Deployment): NewCondition[] {
  if (deadlineOf(deployment) === undefined) return [];
  const reason = findCondition(deployment.status?.conditions, "Progressing")?.reason;
  if (reason === "ProgressDeadlineExceeded") return [];
  const type = "Progressing";
  const status = "Unknown";
  if (deployment.spec?.paused && reason !== "DeploymentPaused")
    return [{ type, status, reason: "DeploymentPaused", message: "Deployment is paused" }];
  if (!deployment.spec?.paused && reason === "DeploymentPaused")
    return [{ type, status, reason: "DeploymentResumed", message: "Deployment is resumed" }];
  return [];
}

/** Writes the status and says when to look at the progress deadline. */
async function finish(
  client: KubernetesClient,
  deployment: Deployment,
  sets: Sets,
  conditions: readonly NewCondition[],
  rolling: boolean,
) {
  const now = Date.now();
  const status = statusOf(deployment, sets, now, conditions, rolling);
  await unlessGone(patchStatus(client, deploymentResource, deployment, status));
  const left = rolling ? untilDeadline(deployment, status.conditions ?? [], now) : undefined;
  // The condition's time has whole seconds.
  return left === undefined || left <= 0 ? undefined : { requeueAfter: Math.min(left + 1000, 2 ** 31 - 1) };
}

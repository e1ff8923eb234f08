import { nodes as nodeResource, pods as podResource } from "../../../kubernetes/resource.ts";
import type { Node, Pod } from "../../../kubernetes/types.ts";
import { forEachLimited } from "../shared/batch.ts";
import type { StartController } from "../shared/context.ts";
import { unlessGone } from "../shared/gone.ts";
import { isDeleting, splitKey, uidOf } from "../shared/keys.ts";
import { patchExactly } from "../shared/patch.ts";
import { isReady, isTerminated } from "../shared/pod-state.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { unknownConditions } from "./conditions.ts";
import { evictionTime, TaintClock } from "./eviction.ts";
import { Heartbeats } from "./heartbeats.ts";
import { readyStatus, wantedTaints } from "./taints.ts";

const leaseNamespace = "kube-node-lease";
/** A loop that was late by more than this stood still. Milliseconds. */
const stallLimit = 1000;
const writesAtOnce = 16;

/**
 * Watches over nodes by their leases. A node that is lost gets Ready=Unknown, its Pods Ready=False (so they leave the endpoints at once), then
 * taints, and by those its Pods are evicted as their tolerations say.
 */
export const startNodeLifecycleController: StartController = ({ client, events, caches, config, log }) => {
  const { leaseRenewInterval, nodeMonitorGrace } = config.timings;
  const interval = Math.min(1000, Math.max(50, nodeMonitorGrace / 10));
  const heartbeats = new Heartbeats({ renewInterval: leaseRenewInterval, grace: nodeMonitorGrace });
  const taintClock = new TaintClock();
  /** Nodes seen Ready: their Pods are marked when they no longer are. */
  const wasReady = new Set<string>();
  const queue = new WorkQueue({ log, sync, concurrency: 8, firstBackoff: 20, longestBackoff: 1000 });
  let lastTick = performance.now();

  const unsubscribe = [
    caches.leases.subscribe(({ type, object: { metadata, spec } }) => {
      if (metadata?.namespace !== leaseNamespace || type === "deleted") return;
      const name = metadata.name ?? "";
      if (caches.nodes.get(name) !== undefined) heartbeats.observe(name, spec?.renewTime, clock());
    }),
    caches.nodes.subscribe((change) => {
      const { type, object } = change;
      const name = object.metadata?.name ?? "";
      if (type === "deleted") {
        heartbeats.forget(name);
        taintClock.forget(name);
        wasReady.delete(name);
        return;
      }
      if (type === "added") heartbeats.observe(name, caches.leases.get(name, leaseNamespace)?.spec?.renewTime, clock());
      // Nobody but the agent says so: this controller only takes it back.
      if (type === "modified" && readyStatus(object) === "True" && readyStatus(change.old) !== "True")
        heartbeats.heard(name, clock());
      queue.add(`/${name}`);
    }),
  ];

  /** The time for what is heard now: after a stall, the first thing to run may be a heartbeat. */
  function clock(): number {
    const now = performance.now();
    const late = now - lastTick - interval;
    if (late > stallLimit) {
      log.info({ late: Math.round(late) }, "the loop stood still; all nodes get a new grace period");
      heartbeats.stalled(now);
      taintClock.shift(late);
    }
    lastTick = now;
    return now;
  }

  const timer = setInterval(() => {
    clock();
    for (const { metadata } of caches.nodes.list()) queue.add(`/${metadata?.name}`);
  }, interval);

  async function sync(key: string): Promise<undefined> {
    const { name } = splitKey(key);
    const cached = caches.nodes.get(name);
    if (cached === undefined) return;
    const verdict = heartbeats.verdict(name, performance.now());
    const node = verdict === "alive" ? cached : await markUnknown(cached);
    const ready = readyStatus(node) === "True";
    const becameUnready = !ready && wasReady.has(name);
    if (verdict === "lost" || (becameUnready && verdict === "alive")) await markPodsNotReady(name);
    if (ready) wasReady.add(name);
    else wasReady.delete(name);
    const mayEvict = verdict !== "unheard" && someNodeIsReady();
    const time = `${new Date().toISOString().slice(0, 19)}Z`;
    const taints = wantedTaints(node, mayEvict, time);
    const tainted = taints === undefined ? node : await patchExactly(client, nodeResource, node, { spec: { taints } });
    await evict(tainted, mayEvict);
  }

  function someNodeIsReady(): boolean {
    return caches.nodes.list().some((node) => readyStatus(node) === "True");
  }

  async function markUnknown(node: Node): Promise<Node> {
    const conditions = unknownConditions(node, Date.now());
    if (conditions.length === 0) return node;
    const { name = "" } = node.metadata ?? {};
    if (readyStatus(node) === "True") {
      log.warn({ node: name }, "no heartbeat: the node is taken for dead");
      events.record(nodeResource, node, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
    }
    const patch = { status: { conditions } };
    return client.patch<Node>(nodeResource, name, patch, { subresource: "status", type: "strategic" });
  }

  async function markPodsNotReady(node: string): Promise<void> {
    const pods = caches.podsByNode.get(node).filter((pod) => isReady(pod) && !isTerminated(pod));
    await forEachLimited(pods, writesAtOnce, async (pod) => {
      const { name = "", namespace } = pod.metadata ?? {};
      const lastTransitionTime = `${new Date().toISOString().slice(0, 19)}Z`;
      const reason = "NodeNotReady";
      const message = "Node is not ready";
      const condition = { type: "Ready", status: "False", reason, message, lastTransitionTime };
      const patch = { metadata: { uid: uidOf(pod) }, status: { conditions: [condition] } };
      await unlessGone(client.patch(podResource, name, patch, { namespace, subresource: "status", type: "strategic" }));
      events.record(podResource, pod, "Warning", reason, message);
    });
  }

  /** Deletes the Pods whose time on the node is over; the next tick looks after the rest. */
  async function evict(node: Node, mayEvict: boolean): Promise<void> {
    const { name = "" } = node.metadata ?? {};
    const now = performance.now();
    const taints = taintClock.update(name, node.spec?.taints ?? [], now);
    if (taints.length === 0 || !mayEvict) return;
    const due = caches.podsByNode.get(name).filter((pod) => {
      if (isDeleting(pod) || isTerminated(pod)) return false;
      const at = evictionTime(pod, taints);
      return at !== undefined && at <= now;
    });
    await forEachLimited(due, writesAtOnce, deletePod);
  }

  async function deletePod(pod: Pod): Promise<void> {
    const { name = "", namespace, uid } = pod.metadata ?? {};
    const message = `Marking for deletion Pod ${namespace}/${name}`;
    events.record(podResource, pod, "Normal", "TaintManagerEviction", message);
    await unlessGone(client.delete(podResource, name, { namespace, preconditions: { uid } }));
  }

  return {
    stop() {
      for (const end of unsubscribe) end();
      clearInterval(timer);
      return queue.stop();
    },
  };
};

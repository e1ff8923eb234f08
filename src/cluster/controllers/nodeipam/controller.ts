import { isNotFound } from "../../../kubernetes/errors.ts";
import { nodes as nodeResource } from "../../../kubernetes/resource.ts";
import type { Node } from "../../../kubernetes/types.ts";
import type { StartController } from "../shared/context.ts";
import { isDeleting, splitKey, uidOf } from "../shared/keys.ts";
import { patchExactly } from "../shared/patch.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { BlockAllocator } from "./allocator.ts";

/** A /24 would be too small for a third of a thousand Pods on each of three nodes. */
const nodePrefixLength = 22;

/**
 * Gives each Node a block of the Pod network in spec.podCIDR. The Nodes themselves are the record of what is in use; a block that was chosen
 * is held until its Node is deleted, also while its write is not in the cache yet.
 */
export const startNodeIpamController: StartController = ({ client, events, caches, config, log }) => {
  const allocator = new BlockAllocator(config.podCIDR, nodePrefixLength);
  /** Blocks by uid of the Node: what the Node says, or what is being written to it. */
  const held = new Map<string, string[]>();

  // One at a time: two Nodes never look at the same free block.
  const queue = new WorkQueue({ log, sync, concurrency: 1, firstBackoff: 50 });

  const holdOf = (node: Node) => {
    const { podCIDR, podCIDRs } = node.spec ?? {};
    const blocks = podCIDRs?.length ? podCIDRs : podCIDR ? [podCIDR] : [];
    if (blocks.length === 0) return;
    for (const block of blocks) allocator.hold(block);
    for (const block of held.get(uidOf(node)) ?? []) allocator.release(block);
    held.set(uidOf(node), blocks);
  };
  // What is in use must be known before the first Node is served: the present Nodes are reported before subscribe returns, keys run later.
  const unsubscribe = caches.nodes.subscribe((change) => {
    const node = change.object;
    if (change.type === "deleted") {
      for (const block of held.get(uidOf(node)) ?? []) allocator.release(block);
      held.delete(uidOf(node));
      return;
    }
    if (change.type === "added" || !change.old.spec?.podCIDR) holdOf(node);
    if (!node.spec?.podCIDR && !isDeleting(node)) queue.add(`/${node.metadata?.name}`);
  });

  async function sync(key: string): Promise<undefined> {
    const node = caches.nodes.get(splitKey(key).name);
    if (node === undefined || node.spec?.podCIDR || isDeleting(node)) return;
    // A block that was chosen before stays: the write may have arrived although its answer did not.
    const podCIDR = held.get(uidOf(node))?.[0] ?? allocator.allocate();
    if (podCIDR === undefined) {
      const message = `Node ${node.metadata?.name} status is now: CIDRNotAvailable`;
      events.record(nodeResource, node, "Normal", "CIDRNotAvailable", message);
      throw new Error(`no /${nodePrefixLength} is left in the Pod network ${config.podCIDR}`);
    }
    held.set(uidOf(node), [podCIDR]);
    try {
      await patchExactly(client, nodeResource, node, { spec: { podCIDR, podCIDRs: [podCIDR] } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return {
    stop() {
      unsubscribe();
      return queue.stop();
    },
  };
};

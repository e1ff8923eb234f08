import { isNotFound } from "../../../kubernetes/errors.ts";
import { ipFamilyOf } from "../../../kubernetes/ip-family.ts";
import { nodes as nodeResource } from "../../../kubernetes/resource.ts";
import type { Node } from "../../../kubernetes/types.ts";
import type { StartController } from "../shared/context.ts";
import { isDeleting, splitKey, uidOf } from "../shared/keys.ts";
import { patchExactly } from "../shared/patch.ts";
import { WorkQueue } from "../shared/work-queue.ts";
import { BlockAllocator } from "./allocator.ts";

/** A /24 would be too small for a third of a thousand Pods on each of three nodes. Of IPv6 a node gets what every link has. */
const blockLength = { IPv4: 22, IPv6: 64 };

/**
 * Gives each Node a block of the Pod network, of each family that the cluster has, in spec.podCIDRs. The Nodes themselves are the record of what
 * is in use; a block that was chosen is held until its Node is deleted, also while its write is not in the cache yet.
 */
export const startNodeIpamController: StartController = ({ client, events, caches, config, log }) => {
  const allocators = [config.podCIDR, ...(config.ipv6 === undefined ? [] : [config.ipv6.podCIDR])].map(
    (range) => new BlockAllocator(range, blockLength[ipFamilyOf(range)]),
  );
  /** Blocks by uid of the Node: what the Node says, or what is being written to it. */
  const held = new Map<string, string[]>();

  // One at a time: two Nodes never look at the same free block.
  const queue = new WorkQueue({ log, sync, concurrency: 1, firstBackoff: 50 });

  const change = (action: "hold" | "release", blocks: readonly string[] = []) => {
    for (const block of blocks) for (const allocator of allocators) allocator[action](block);
  };
  const holdOf = (node: Node) => {
    const blocks = blocksOf(node);
    if (blocks.length === 0) return;
    change("hold", blocks);
    change("release", held.get(uidOf(node)));
    held.set(uidOf(node), blocks);
  };
  /** What of the Pod network a Node has, with a block for each family that it has none of; undefined: one family has none left. */
  const complete = (present: readonly string[]): string[] | { exhausted: string } => {
    const chosen: string[] = [];
    for (const allocator of allocators) {
      if (present.some((block) => allocator.isFamilyOf(block))) continue;
      const block = allocator.allocate();
      if (block !== undefined) chosen.push(block);
      else {
        change("release", chosen);
        return { exhausted: allocator.range };
      }
    }
    return [...present, ...chosen];
  };
  // What is in use must be known before the first Node is served: the present Nodes are reported before subscribe returns, keys run later.
  const unsubscribe = caches.nodes.subscribe((event) => {
    const node = event.object;
    if (event.type === "deleted") {
      change("release", held.get(uidOf(node)));
      held.delete(uidOf(node));
      return;
    }
    if (event.type === "added" || blocksOf(event.old).length !== blocksOf(node).length) holdOf(node);
    if (needsBlocks(node) && !isDeleting(node)) queue.add(`/${node.metadata?.name}`);
  });
  /** A cluster that was made with one family has Nodes that need a block of the other one. */
  const needsBlocks = (node: Node) =>
    allocators.some((allocator) => !blocksOf(node).some((block) => allocator.isFamilyOf(block)));

  async function sync(key: string): Promise<undefined> {
    const node = caches.nodes.get(splitKey(key).name);
    if (node === undefined || isDeleting(node) || !needsBlocks(node)) return;
    // Blocks that were chosen before stay: the write may have arrived although its answer did not.
    const podCIDRs = complete(held.get(uidOf(node)) ?? []);
    if ("exhausted" in podCIDRs) {
      const message = `Node ${node.metadata?.name} status is now: CIDRNotAvailable`;
      events.record(nodeResource, node, "Normal", "CIDRNotAvailable", message);
      throw new Error(`no block for a node is left in the Pod network ${podCIDRs.exhausted}`);
    }
    held.set(uidOf(node), podCIDRs);
    try {
      await patchExactly(client, nodeResource, node, { spec: { podCIDR: podCIDRs[0], podCIDRs } });
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

function blocksOf({ spec }: Node): string[] {
  const { podCIDR, podCIDRs = [] } = spec ?? {};
  return podCIDRs.length > 0 ? podCIDRs : podCIDR ? [podCIDR] : [];
}

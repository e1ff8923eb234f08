import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import type { IPFamily } from "../../kubernetes/ip-family.ts";
import { listNetns } from "../../linux/netns.ts";
import { Batcher } from "./batcher.ts";
import { readJsonIfThere, writeFileAtomically } from "./files.ts";
import { AddressPool, addressRange, partnerIn } from "./ipam.ts";
import { createNetworks, deleteNetworks, netnsPrefix, type PodNetwork, podNetwork } from "./network.ts";

/** The networks of all Pods of the node, and the addresses they hold. */
export class PodNetworks {
  readonly #cursorFile: string;
  readonly #held = new Map<string, PodNetwork>();
  readonly #creations: Batcher<PodNetwork, Error | undefined>;
  readonly #deletions: Batcher<PodNetwork, undefined>;
  #pool?: AddressPool;
  /** Finds the IPv6 address that goes with an IPv4 one; absent in a single-stack cluster. */
  #partner?: (address: string) => string;
  #mtu = 1500;

  constructor(cursorFile: string) {
    this.#cursorFile = cursorFile;
    this.#creations = new Batcher(async (pods) => {
      // The cursor is on disk before an address is used: a Pod made anew gets another one also after a crash.
      await writeFileAtomically(this.#cursorFile, JSON.stringify({ cursor: this.#pool?.cursor ?? 0 }));
      return createNetworks(pods, this.#mtu);
    });
    this.#deletions = new Batcher(async (pods) => {
      await deleteNetworks(pods);
      return pods.map(() => undefined);
    });
  }

  /** Takes over the networks that Pods of an earlier life have, and removes those that belong to none: half-made ones. */
  async adopt(known: ReadonlyMap<string, PodNetwork>): Promise<void> {
    const existing = new Set(await listNetns());
    for (const [uid, network] of known) if (existing.has(network.netns)) this.#held.set(uid, network);
    const used = new Set([...this.#held.values()].map(({ netns }) => netns));
    const orphans = [...existing].filter((name) => name.startsWith(netnsPrefix) && !used.has(name));
    await deleteNetworks(orphans.map((netns) => ({ netns })));
  }

  /** Whether Pods can get addresses. */
  get ready(): boolean {
    return this.#pool !== undefined;
  }

  /**
   * Begins to give addresses out of the node's podCIDR, and with each the one at the same place of its IPv6 podCIDR. Only the first call counts: a
   * node's podCIDRs do not change.
   */
  async open(podCIDR: string, podCIDRIPv6?: string): Promise<void> {
    const range = addressRange(podCIDR);
    const partner = podCIDRIPv6 === undefined ? undefined : partnerIn(podCIDRIPv6, podCIDR);
    const saved = await readJsonIfThere<{ cursor?: number }>(this.#cursorFile);
    if (this.#pool !== undefined) return;
    const pool = new AddressPool(range, saved?.cursor);
    for (const { address } of this.#held.values()) pool.take(address);
    this.#mtu = await deviceMtu("eth0");
    this.#partner = partner;
    this.#pool = pool;
  }

  get(uid: string): PodNetwork | undefined {
    return this.#held.get(uid);
  }

  /** Makes the network of a Pod, or gives the one it has. */
  async create(uid: string): Promise<PodNetwork> {
    const held = this.#held.get(uid);
    if (held !== undefined) return held;
    if (this.#pool === undefined) throw new Error("the node has no podCIDR yet");
    const address = this.#pool.allocate();
    if (address === undefined) throw new Error("every address of the node's podCIDR is taken");
    const network = podNetwork(uid, address, this.#partner?.(address));
    const error = await this.#creations.add(network).catch((failure: Error) => failure);
    if (error !== undefined) {
      await this.#deletions.add(network);
      this.#pool.release(address);
      throw error;
    }
    this.#held.set(uid, network);
    return network;
  }

  async delete(uid: string): Promise<void> {
    const network = this.#held.get(uid);
    if (network === undefined) return;
    await this.#deletions.add(network);
    this.#held.delete(uid);
    this.#pool?.release(network.address);
  }
}

/** Bytes; 1500 when the device does not tell. */
async function deviceMtu(device: string): Promise<number> {
  const text = await readFile(`/sys/class/net/${device}/mtu`, "utf8").catch(() => "");
  return Number(text) || 1500;
}

/** The node's address on the network of the nodes, undefined while it has none. Link-local ones have a scope. */
export function nodeAddress(family: IPFamily, device = "eth0"): string | undefined {
  return networkInterfaces()[device]?.find((one) => one.family === family && !one.scopeid)?.address;
}

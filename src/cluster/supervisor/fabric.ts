import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { kernelHasIPv6 } from "../../linux/ipv6.ts";
import { createNetworkNamespace, ipBatch, type LinkEnd, linkNames, removeLink, vethPair } from "../../linux/links.ts";
import { worldRoot } from "../config.ts";

/** An IPv4 address, and in a dual-stack cluster the IPv6 address at the same place. */
export type NodeAddressPair = readonly [ipv4: string, ipv6?: string];

/**
 * The network of the nodes: a bridge in a network namespace that no process lives in (so that none can be killed), with one port for each
 * machine and one for the host. The namespace is mounted in the world and goes with it.
 */
export class Fabric {
  readonly #namespace = join(worldRoot, "fabric");
  readonly #hasIPv6 = kernelHasIPv6();
  #created: Promise<void> | undefined;

  /** Machines may be attached at once: they wait for it. */
  create(): Promise<void> {
    this.#created = this.#createBridge();
    return this.#created;
  }

  async #createBridge(): Promise<void> {
    await createNetworkNamespace(this.#namespace);
    // Neighbour solicitations are multicast: snooping would want somebody who asks who listens.
    await ipBatch(
      ["link add bridge0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0", "link set bridge0 up"],
      this.#namespace,
    );
  }

  /** The one link by which the host reaches the nodes. */
  async attachHost(cluster: string, addresses: NodeAddressPair): Promise<void> {
    const name = hostLinkName(cluster);
    await this.#waitForName(name);
    await this.#connect({ name }, "host", addresses);
  }

  /** eth0 of a machine, with its addresses. */
  async attach(network: string, addresses: NodeAddressPair): Promise<void> {
    const port = portName(addresses[0]);
    await this.#connect({ name: "eth0", namespace: network }, port, addresses, ["link set lo up"]);
  }

  async detach(address: string): Promise<void> {
    await removeLink(portName(address), this.#namespace);
  }

  async #connect(end: LinkEnd, port: string, [address, ipv6]: NodeAddressPair, more: readonly string[] = []) {
    await this.#created;
    const hardware = hardwareAddress(address);
    await ipBatch([vethPair({ ...end, hardware }, { name: port, namespace: this.#namespace })]);
    // No address that the kernel makes: its announcements would only be noise in a packet dump.
    const silence = (await this.#hasIPv6) ? [`link set ${end.name} addrgenmode none`] : [];
    await Promise.all([
      ipBatch([`link set ${port} master bridge0 up`], this.#namespace),
      ipBatch(
        [
          ...more,
          ...silence,
          `address add ${address}/24 dev ${end.name}`,
          // Nobody else has them: they can be used at once. A router asks for its neighbours from its link-local address only (RFC 4861, 7.2.2).
          ...(ipv6 === undefined ? [] : [ipv6, linkLocalAddress(address)]).map(
            (own) => `address add ${own}/64 dev ${end.name} nodad`,
          ),
          `link set ${end.name} up`,
        ],
        end.namespace,
      ),
    ]);
  }

  /** The kernel takes the link of a killed cluster away a moment after its last process. */
  async #waitForName(name: string): Promise<void> {
    for (let tries = 0; (await linkNames()).includes(name); tries += 1) {
      if (tries === 40)
        throw new Error(
          `the host has an interface "${name}" already: choose another --name, or remove it (ip link delete ${name})`,
        );
      await sleep(50);
    }
  }
}

export function hostLinkName(cluster: string): string {
  return `fw-${cluster}`;
}

function portName(address: string): string {
  return `port${address.slice(address.lastIndexOf(".") + 1)}`;
}

/** fe80:: and the place in the range of the nodes. */
function linkLocalAddress(address: string): string {
  return `fe80::${Number(address.slice(address.lastIndexOf(".") + 1)).toString(16)}`;
}

/** Made of the IPv4 address, so that a machine that is made again is found at once: neighbours remember the one it had before. */
export function hardwareAddress(address: string): string {
  const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return ["02", "00", ...bytes].join(":");
}

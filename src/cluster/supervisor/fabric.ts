import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createNetworkNamespace, ipBatch, type LinkEnd, linkNames, removeLink, vethPair } from "../../linux/links.ts";
import { type ClusterConfig, worldRoot } from "../config.ts";

/**
 * The network of the nodes: a bridge in a network namespace that no process lives in (so that none can be killed), with one port for each
 * machine and one for the host. The namespace is mounted in the world and goes with it.
 */
export class Fabric {
  readonly #namespace = join(worldRoot, "fabric");
  #created: Promise<void> | undefined;

  /** Machines may be attached at once: they wait for it. */
  create(): Promise<void> {
    this.#created = this.#createBridge();
    return this.#created;
  }

  async #createBridge(): Promise<void> {
    await createNetworkNamespace(this.#namespace);
    await ipBatch(["link add bridge0 type bridge stp_state 0 forward_delay 0", "link set bridge0 up"], this.#namespace);
  }

  /** The one link by which the host reaches the nodes. */
  async attachHost(config: Pick<ClusterConfig, "name" | "hostAddress">): Promise<void> {
    const name = hostLinkName(config.name);
    await this.#waitForName(name);
    await this.#connect({ name }, "host", config.hostAddress);
  }

  /** eth0 of a machine, with its address. */
  async attach(network: string, address: string): Promise<void> {
    const port = portName(address);
    await this.#connect({ name: "eth0", namespace: network }, port, address, ["link set lo up"]);
  }

  async detach(address: string): Promise<void> {
    await removeLink(portName(address), this.#namespace);
  }

  async #connect(end: LinkEnd, port: string, address: string, more: readonly string[] = []): Promise<void> {
    await this.#created;
    const hardware = hardwareAddress(address);
    await ipBatch([vethPair({ ...end, hardware }, { name: port, namespace: this.#namespace })]);
    await Promise.all([
      ipBatch([`link set ${port} master bridge0 up`], this.#namespace),
      ipBatch(
        // No IPv6 link-local address: nothing here speaks IPv6, and its announcements would only be noise in a packet dump.
        [
          ...more,
          `link set ${end.name} addrgenmode none`,
          `address add ${address}/24 dev ${end.name}`,
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

/** Made of the IPv4 address, so that a machine that is made again is found at once: neighbours remember the one it had before. */
export function hardwareAddress(address: string): string {
  const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return ["02", "00", ...bytes].join(":");
}

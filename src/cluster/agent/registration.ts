import { readFile } from "node:fs/promises";
import { arch, cpus, release, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import { isAlreadyExists, isNotFound } from "../../kubernetes/errors.ts";
import type { Reflector } from "../../kubernetes/reflector.ts";
import { leases, nodes } from "../../kubernetes/resource.ts";
import type { Lease, Node } from "../../kubernetes/types.ts";
import type { Logger } from "../../role/log.ts";
import { isAsserted, type NodeFacts, newNode, nodeStatus, zoneLabels } from "./node-object.ts";

export interface RegistrationOptions {
  client: KubernetesClient;
  nodes: Reflector<Node>;
  facts: NodeFacts;
  /** Why Pods cannot run here; undefined when they can. */
  problem: () => string | undefined;
  /** Milliseconds between two renewals of the Lease. */
  renewInterval: number;
  log: Logger;
}

const leaseNamespace = "kube-node-lease";
const retryInterval = 250;
/** Kubelet's nodeStatusReportFrequency: without any change the status is written this often. */
const reportInterval = 300_000;

export async function readNodeFacts(name: string, addresses: readonly string[]): Promise<NodeFacts> {
  const read = (path: string) =>
    readFile(path, "utf8").then(
      (text) => text.trim(),
      () => "",
    );
  const osRelease = await read("/etc/os-release");
  return {
    name,
    addresses,
    architecture: arch() === "x64" ? "amd64" : arch(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    kernelVersion: release(),
    machineID: await read("/etc/machine-id"),
    bootID: await read("/proc/sys/kernel/random/boot_id"),
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease)?.[1] ?? "Linux",
  };
}

/** Keeps the Node object, its status and its Lease in the API, whatever happens to them there. */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #ending = new AbortController();
  #writing = false;
  #again = false;
  #reportedAt = 0;
  #lease?: Lease;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** Creates the Node object where there is none, and resolves once the API has it. Says nothing of its state yet. */
  async register(): Promise<void> {
    const { client, facts, log } = this.#options;
    for (let failures = 0; !this.#ending.signal.aborted; failures += 1) {
      try {
        await client.create(nodes, newNode(facts));
        break;
      } catch (error) {
        if (isAlreadyExists(error)) {
          await this.#labelZone();
          break;
        }
        if (failures % 20 === 0) log.warn({ error: (error as Error).message }, "cannot register the node yet");
        await sleep(retryInterval);
      }
    }
  }

  /** From now on the registered node's state is asserted in the background. */
  start(): void {
    const { facts, nodes: reflector } = this.#options;
    reflector.subscribe(({ object }) => {
      if (object.metadata?.name === facts.name) this.assert();
    });
    this.assert();
    void this.#renewForever();
  }

  /** A node that an earlier cluster registered may have had another zone. */
  async #labelZone(): Promise<void> {
    const { client, facts, log } = this.#options;
    const labels = zoneLabels(facts);
    if (Object.keys(labels).length === 0) return;
    await client.patch(nodes, facts.name, { metadata: { labels } }, { type: "merge" }).catch((error: Error) => {
      log.warn({ error: error.message }, "cannot write the node's zone");
    });
  }

  /** Writes the node's status if the API has another one. */
  assert(): void {
    if (this.#writing) {
      this.#again = true;
      return;
    }
    this.#writing = true;
    void this.#write();
  }

  stop(): void {
    this.#ending.abort();
  }

  async #write(): Promise<void> {
    const { client, nodes: reflector, facts, problem, log } = this.#options;
    do {
      this.#again = false;
      const stored = reflector.get(facts.name)?.status;
      const status = nodeStatus(facts, problem(), stored?.conditions ?? [], new Date());
      if (isAsserted(status, stored) && Date.now() - this.#reportedAt < reportInterval) continue;
      try {
        await client.patch(nodes, facts.name, { status }, { subresource: "status", type: "merge" });
        this.#reportedAt = Date.now();
      } catch (error) {
        if (isNotFound(error)) await client.create(nodes, newNode(facts)).catch(() => {});
        else log.warn({ error: (error as Error).message }, "cannot write the node's status");
        await sleep(retryInterval);
        this.#again = !this.#ending.signal.aborted;
      }
    } while (this.#again);
    this.#writing = false;
  }

  async #renewForever(): Promise<void> {
    const { renewInterval, log } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      let wait = renewInterval;
      try {
        await this.#renew();
        if (Date.now() - this.#reportedAt > reportInterval) this.assert();
      } catch (error) {
        this.#lease = undefined;
        log.warn({ error: (error as Error).message }, "cannot renew the node's lease");
        wait = Math.min(renewInterval, retryInterval * 4);
      }
      await sleep(wait, undefined, { signal }).catch(() => {});
    }
  }

  async #renew(): Promise<void> {
    const { client, facts, nodes: reflector, renewInterval } = this.#options;
    const { name } = facts;
    const renewTime = new Date().toISOString().replace("Z", "000Z");
    const uid = reflector.get(name)?.metadata?.uid;
    const known = this.#lease ?? (await client.get<Lease>(leases, name, leaseNamespace).catch(absent));
    const spec = {
      holderIdentity: name,
      // What reads it counts in whole seconds.
      leaseDurationSeconds: Math.max(1, Math.ceil((renewInterval * 4) / 1000)),
      renewTime,
    };
    if (known === undefined) {
      const ownerReferences = uid === undefined ? [] : [{ apiVersion: "v1", kind: "Node", name, uid }];
      this.#lease = await client.create<Lease>(leases, {
        metadata: { name, namespace: leaseNamespace, ownerReferences },
        spec,
      });
    } else this.#lease = await client.update<Lease>(leases, { ...known, spec: { ...known.spec, ...spec } });
  }
}

function absent(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}

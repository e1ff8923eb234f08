import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Change, Reflector } from "../../kubernetes/reflector.ts";
import type { Pod } from "../../kubernetes/types.ts";
import type { NodeContext } from "./context.ts";
import { readJsonIfThere } from "./files.ts";
import type { PodNetwork } from "./network.ts";
import type { PodRecord } from "./pod-sandbox.ts";
import { PodWorker } from "./pod-worker.ts";
import type { Container } from "./runtime.ts";

/** All Pods of the node: what the API binds to it, and what an earlier life of the agent has left running. */
export class PodManager {
  readonly #context: NodeContext;
  readonly #workers = new Map<string, PodWorker>();
  readonly #unsubscribe: (() => void)[] = [];

  constructor(context: NodeContext) {
    this.#context = context;
    this.#unsubscribe.push(
      context.runtime.onExit((container) => this.#workers.get(container.spec.pod.uid)?.ended(container)),
    );
  }

  /** Finds the Pods of an earlier life again, without the API. Their containers run on whatever the API says later. */
  async adopt(): Promise<void> {
    const { runtime, networks } = this.#context;
    const records = await readRecords(runtime.paths.pods);
    const known = new Map<string, PodNetwork>();
    for (const [uid, { network }] of records) if (network !== undefined) known.set(uid, network);
    await networks.adopt(known);
    const containers = Map.groupBy(runtime.list(), ({ spec }) => spec.pod.uid);
    for (const [uid, record] of records) {
      const own = (containers.get(uid) ?? []).sort(byAttempt);
      containers.delete(uid);
      this.#add(record.pod, record).adopt(own);
    }
    // Containers of Pods that nothing is known of: the agent died while it took them away.
    for (const orphans of containers.values()) for (const orphan of orphans) await this.#discard(orphan);
  }

  /** Follows the API from now on. A Pod that the first complete list does not hold is gone; no answer means nothing. */
  follow(reflector: Reflector<Pod>): void {
    this.#unsubscribe.push(reflector.subscribe((change) => this.#changed(change)));
    void reflector.synced.then(() => {
      const present = new Set(reflector.list().map(({ metadata }) => metadata?.uid));
      for (const [uid, worker] of this.#workers) if (!present.has(uid)) worker.remove();
    });
  }

  /** The Pod by name; of several the one that is not leaving. */
  find(namespace: string, name: string): PodWorker | undefined {
    const found = [...this.#workers.values()].filter(
      ({ pod }) => pod.metadata?.name === name && pod.metadata.namespace === namespace,
    );
    return found.find(({ pod }) => pod.metadata?.deletionTimestamp === undefined) ?? found[0];
  }

  workers(): PodWorker[] {
    return [...this.#workers.values()];
  }

  wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake();
  }

  /** Stops looking after Pods; they go on. */
  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const worker of this.#workers.values()) worker.close();
  }

  #changed({ type, object }: Change<Pod>): void {
    const worker = this.#workers.get(object.metadata?.uid ?? "");
    if (type === "deleted") worker?.remove();
    else if (worker !== undefined) worker.update(object);
    else this.#add(object).wake();
  }

  #add(pod: Pod, record?: PodRecord): PodWorker {
    const worker = new PodWorker(this.#context, pod, () => this.#workers.delete(worker.uid), record);
    this.#workers.set(worker.uid, worker);
    return worker;
  }

  async #discard(container: Container): Promise<void> {
    const { runtime } = this.#context;
    await runtime.signal(container, "SIGKILL");
    await runtime.remove(container.spec.id);
  }
}

async function readRecords(directory: string): Promise<Map<string, PodRecord>> {
  const records = new Map<string, PodRecord>();
  for (const uid of await readdir(directory)) {
    const record = await readJsonIfThere<PodRecord>(join(directory, uid, "pod.json"));
    if (record?.pod.metadata?.uid === uid) records.set(uid, record);
  }
  return records;
}

function byAttempt(a: Container, b: Container): number {
  return a.spec.attempt - b.spec.attempt || a.startedAt.getTime() - b.startedAt.getTime();
}

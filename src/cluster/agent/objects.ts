import type { KubernetesClient } from "../../kubernetes/client.ts";
import { startReflector } from "../../kubernetes/list-watch.ts";
import type { Reflector } from "../../kubernetes/reflector.ts";
import { configMaps, type Resource, secrets } from "../../kubernetes/resource.ts";
import type { ConfigMap, KubernetesObject, Secret } from "../../kubernetes/types.ts";
import type { ObjectSource } from "../pods/object-source.ts";

interface Entry {
  reflector: Reflector<KubernetesObject>;
  usedAt: number;
}

/** How long to wait for an object when nothing is known of it yet. Milliseconds. */
const patience = 10_000;
/** An object that nobody asked for this long is not watched any more: refreshes ask for what is in use every 30 s. */
const forgetAfter = 120_000;

/**
 * The ConfigMaps and Secrets that Pods of this node refer to, each watched by its name: the node reads no other, and a
 * change is known at once.
 */
export class WatchedObjects implements ObjectSource {
  readonly #client: KubernetesClient;
  readonly #onChange: (namespace: string) => void;
  readonly #entries = new Map<string, Entry>();
  readonly #timer: NodeJS.Timeout;

  constructor(client: KubernetesClient, onChange: (namespace: string) => void) {
    this.#client = client;
    this.#onChange = onChange;
    this.#timer = setInterval(() => this.#forget(), forgetAfter / 2);
  }

  configMap = (namespace: string, name: string) => this.#get<ConfigMap>(configMaps, namespace, name);
  secret = (namespace: string, name: string) => this.#get<Secret>(secrets, namespace, name);

  close(): void {
    clearInterval(this.#timer);
    for (const { reflector } of this.#entries.values()) reflector.stop();
  }

  async #get<T extends KubernetesObject>(resource: Resource, namespace: string, name: string): Promise<T | undefined> {
    const key = `${resource.plural}/${namespace}/${name}`;
    let entry = this.#entries.get(key);
    let problem: Error | undefined;
    if (entry === undefined) {
      const reflector = startReflector(this.#client, resource, {
        namespace,
        fieldSelector: `metadata.name=${name}`,
        onError: (error) => {
          problem = error;
        },
      });
      entry = { reflector, usedAt: Date.now() };
      this.#entries.set(key, entry);
      void reflector.synced.then(() => reflector.subscribe(() => this.#onChange(namespace)));
    }
    entry.usedAt = Date.now();
    const { reflector } = entry;
    if (!reflector.isSynced && !(await within(reflector.synced, patience))) {
      const why = problem === undefined ? "the API does not answer" : problem.message;
      throw new Error(`${resource.kind.toLowerCase()} "${name}" cannot be read: ${why}`);
    }
    return reflector.get(name, namespace) as T | undefined;
  }

  #forget(): void {
    const limit = Date.now() - forgetAfter;
    for (const [key, { reflector, usedAt }] of this.#entries)
      if (usedAt < limit) {
        reflector.stop();
        this.#entries.delete(key);
      }
  }
}

async function within(promise: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const result = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return result;
}

import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { isNotFound } from "../../../kubernetes/errors.ts";
import { apiVersionOf, type Resource } from "../../../kubernetes/resource.ts";
import type { KubernetesObject, OwnerReference } from "../../../kubernetes/types.ts";
import type { OwnerState } from "./decide.ts";
import { isWaiting } from "./decide.ts";
import type { GraphNode, OwnerGraph } from "./graph.ts";

/** So many uids known to be gone are remembered; a forgotten one costs one more request. */
const longestMemory = 4096;

/** Tells how owners stand: from the graph when they are in it, else from the API; a uid that is gone never comes back. */
export class OwnerLookup {
  readonly #client: KubernetesClient;
  readonly #graph: OwnerGraph;
  readonly #byKind = new Map<string, Resource>();
  readonly #gone = new Set<string>();

  constructor(client: KubernetesClient, graph: OwnerGraph, resources: readonly Resource[]) {
    this.#client = client;
    this.#graph = graph;
    for (const resource of resources) this.#byKind.set(`${apiVersionOf(resource)}/${resource.kind}`, resource);
  }

  /** The object was seen to go. */
  remember(uid: string): void {
    this.#gone.add(uid);
    for (const oldest of this.#gone) {
      if (this.#gone.size <= longestMemory) return;
      this.#gone.delete(oldest);
    }
  }

  /** The states of all owners of an object, by uid. */
  async statesOf(node: GraphNode): Promise<Map<string, OwnerState>> {
    const states = new Map<string, OwnerState>();
    for (const owner of node.owners) states.set(owner.uid, await this.#stateOf(owner, node));
    return states;
  }

  async #stateOf(owner: OwnerReference, dependent: GraphNode): Promise<OwnerState> {
    const known = this.#graph.get(owner.uid);
    if (known !== undefined) {
      // A reference across namespaces is none: the owner is looked for beside the dependent.
      const reachable = known.namespace === "" || known.namespace === dependent.namespace;
      if (!reachable || known.resource.kind !== owner.kind) return this.#ask(owner, dependent);
      return isWaiting(known) ? "waiting" : "present";
    }
    if (this.#gone.has(owner.uid)) return "absent";
    return this.#ask(owner, dependent);
  }

  async #ask(owner: OwnerReference, { namespace, resource: { namespaced } }: GraphNode): Promise<OwnerState> {
    const resource = this.#byKind.get(`${owner.apiVersion}/${owner.kind}`);
    // Of a kind that is not known here, or of one that cannot own this: nobody can tell that it is gone.
    if (resource === undefined || (resource.namespaced && !namespaced)) return "present";
    try {
      const live = await this.#client.get<KubernetesObject>(resource, owner.name, namespace);
      if (live.metadata?.uid === owner.uid) return "present";
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return "absent";
  }
}

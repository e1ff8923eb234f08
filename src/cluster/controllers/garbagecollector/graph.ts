import type { Resource } from "../../../kubernetes/resource.ts";
import type { KubernetesObject, OwnerReference } from "../../../kubernetes/types.ts";
import { isDeleting, uidOf } from "../shared/keys.ts";

export const orphanFinalizer = "orphan";
export const foregroundFinalizer = "foregroundDeletion";

/** All that the collector needs of an object. */
export interface GraphNode {
  uid: string;
  resource: Resource;
  namespace: string;
  name: string;
  resourceVersion: string | undefined;
  owners: readonly OwnerReference[];
  deleting: boolean;
  finalizers: readonly string[];
}

/** Who owns whom, by uid. An owner need not be in the graph: it may be of a kind unknown here, not read yet, or gone. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  all(): Iterable<GraphNode> {
    return this.#nodes.values();
  }

  put(resource: Resource, object: KubernetesObject): GraphNode {
    const { name = "", namespace = "", ownerReferences = [], finalizers = [], resourceVersion } = object.metadata ?? {};
    const node: GraphNode = {
      uid: uidOf(object),
      resource,
      namespace,
      name,
      resourceVersion,
      owners: ownerReferences,
      deleting: isDeleting(object),
      finalizers,
    };
    const old = this.#nodes.get(node.uid);
    this.#nodes.set(node.uid, node);
    for (const { uid } of old?.owners ?? [])
      if (!ownerReferences.some((owner) => owner.uid === uid)) this.#unlink(uid, node.uid);
    for (const { uid } of ownerReferences) this.#link(uid, node.uid);
    return node;
  }

  remove(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.owners ?? []) this.#unlink(owner.uid, uid);
    this.#nodes.delete(uid);
  }

  /** Also of an owner that is not in the graph. */
  dependentsOf(uid: string): GraphNode[] {
    const dependents: GraphNode[] = [];
    for (const dependent of this.#dependents.get(uid) ?? []) {
      const node = this.#nodes.get(dependent);
      if (node !== undefined) dependents.push(node);
    }
    return dependents;
  }

  #link(owner: string, dependent: string): void {
    const dependents = this.#dependents.get(owner);
    if (dependents === undefined) this.#dependents.set(owner, new Set([dependent]));
    else dependents.add(dependent);
  }

  #unlink(owner: string, dependent: string): void {
    const dependents = this.#dependents.get(owner);
    dependents?.delete(dependent);
    if (dependents?.size === 0) this.#dependents.delete(owner);
  }
}

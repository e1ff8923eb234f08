import type { Pod } from "../../../kubernetes/types.ts";
import type { Collection } from "../../storage/collection.ts";
import type { User } from "../answer.ts";
import { parseFieldTerms } from "../selectors.ts";
import { type Attributes, isResource, type ResourceAttributes } from "./attributes.ts";
import { referencesOf } from "./pod-references.ts";

const prefix = "system:node:";
const nodesGroup = "system:nodes";
const readVerbs = new Set(["get", "list", "watch"]);
const updateVerbs = new Set(["get", "update", "patch"]);
const createAndPatch = new Set(["create", "patch"]);

/** The node that a user's certificate speaks for; undefined for everybody who is no node. */
export function nodeOf({ name, groups }: User): string | undefined {
  return groups.includes(nodesGroup) && name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}

/**
 * What a node's agent may do: report its own Node and Lease, end and report the Pods bound to it, read what these Pods refer to and no other
 * Secret, and read what every node needs for Services and routes. (Kubernetes: Node authorizer and NodeRestriction admission.)
 */
export class NodeAuthorizer {
  readonly #pods: Collection;
  readonly #onNode = new Map<string, Set<string>>();

  constructor(pods: Collection) {
    this.#pods = pods;
    for (const { key, object } of pods.list()) this.#place(key, object as Pod);
    pods.subscribe(({ type, entry }) => {
      if (type === "DELETED") this.#onNode.get(nodeNameOf(entry.object as Pod))?.delete(entry.key);
      else this.#place(entry.key, entry.object as Pod);
    });
  }

  allows(node: string, attributes: Attributes): boolean {
    if (!isResource(attributes)) return false;
    const { group, resource, verb } = attributes;
    switch (group === "" ? resource : `${resource}.${group}`) {
      case "nodes":
        return this.#allowsNode(node, attributes);
      case "leases.coordination.k8s.io":
        return (
          attributes.namespace === "kube-node-lease" &&
          (verb === "create" || (updateVerbs.has(verb) && attributes.name === node))
        );
      case "pods":
        return this.#allowsPod(node, attributes);
      case "secrets":
      case "configmaps":
        return readVerbs.has(verb) && attributes.subresource === "" && this.#isReferred(node, attributes);
      case "serviceaccounts":
        if (attributes.subresource === "token") return verb === "create" && this.#isReferred(node, attributes);
        return attributes.subresource === "" && verb === "get" && this.#isReferred(node, attributes);
      case "services":
      case "namespaces":
      case "endpointslices.discovery.k8s.io":
        return readVerbs.has(verb) && attributes.subresource === "";
      case "events":
        return createAndPatch.has(verb);
      case "tokenreviews.authentication.k8s.io":
      case "subjectaccessreviews.authorization.k8s.io":
        return verb === "create";
      default:
        return false;
    }
  }

  /** Whether a Pod, as the API has it, runs on the node. */
  isOnNode(node: string, namespace: string, name: string): boolean {
    return this.#onNode.get(node)?.has(`${namespace}/${name}`) ?? false;
  }

  #allowsNode(node: string, { verb, name, subresource }: ResourceAttributes): boolean {
    if (subresource === "") {
      // Every node routes to every other. The name of a node that is created is checked by admission.
      return readVerbs.has(verb) || verb === "create" || (updateVerbs.has(verb) && name === node);
    }
    return subresource === "status" && updateVerbs.has(verb) && name === node;
  }

  #allowsPod(node: string, { verb, namespace, name, subresource, fieldSelector }: ResourceAttributes): boolean {
    if (subresource === "status") return updateVerbs.has(verb) && this.isOnNode(node, namespace, name);
    if (subresource !== "") return false;
    if (verb === "get" || verb === "delete") return this.isOnNode(node, namespace, name);
    if (verb !== "list" && verb !== "watch") return false;
    return parseFieldTerms(fieldSelector).some(
      ({ field, value, negated }) => field === "spec.nodeName" && value === node && !negated,
    );
  }

  #isReferred(node: string, { resource, namespace, name }: ResourceAttributes): boolean {
    const wanted = `${resource}/${name}`;
    const start = `${namespace}/`;
    for (const key of this.#onNode.get(node) ?? []) {
      if (!key.startsWith(start)) continue;
      const pod = this.#pods.get(key)?.object as Pod | undefined;
      if (pod !== undefined && referencesOf(pod).has(wanted)) return true;
    }
    return false;
  }

  #place(key: string, pod: Pod): void {
    const node = nodeNameOf(pod);
    if (node === "") return;
    const keys = this.#onNode.get(node);
    if (keys === undefined) this.#onNode.set(node, new Set([key]));
    else keys.add(key);
  }
}

function nodeNameOf(pod: Pod): string {
  return pod.spec?.nodeName ?? "";
}

import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding } from "../../../kubernetes/types.ts";
import type { Collection } from "../../storage/collection.ts";
import type { Store } from "../../storage/store.ts";
import type { User } from "../answer.ts";
import { type Attributes, isResource } from "./attributes.ts";
import { ruleAllows } from "./rules.ts";

type Subject = NonNullable<RoleBinding["subjects"]>[number];
type RoleReference = RoleBinding["roleRef"];

/** Whoever is in it may do everything, without a look at the rules: the way back in when the rules are broken. */
const superusers = "system:masters";
const everybody = "system:authenticated";

/** Rights by subject ("User:alice", "Group:dev"), cluster-wide and by namespace. */
interface Grants {
  cluster: Map<string, PolicyRule[]>;
  namespaces: Map<string, Map<string, PolicyRule[]>>;
}

/**
 * Authorization by the stored Roles and bindings. The rights are collected once and used until one of these objects changes; a lookup then
 * costs the user's own rules, not the number of bindings.
 */
export class RbacAuthorizer {
  readonly #roles: Collection;
  readonly #clusterRoles: Collection;
  readonly #roleBindings: Collection;
  readonly #clusterRoleBindings: Collection;
  #grants: Grants | undefined;

  constructor(store: Store) {
    const collection = (plural: string) => store.collection(`${plural}.rbac.authorization.k8s.io`);
    this.#roles = collection("roles");
    this.#clusterRoles = collection("clusterroles");
    this.#roleBindings = collection("rolebindings");
    this.#clusterRoleBindings = collection("clusterrolebindings");
    for (const each of [this.#roles, this.#clusterRoles, this.#roleBindings, this.#clusterRoleBindings]) {
      each.subscribe(() => {
        this.#grants = undefined;
      });
    }
  }

  allows(user: User, attributes: Attributes): boolean {
    if (user.groups.includes(superusers)) return true;
    const namespace = isResource(attributes) ? attributes.namespace : "";
    for (const rule of this.#rulesOf(user, namespace)) if (ruleAllows(rule, attributes)) return true;
    return false;
  }

  /** Everything a user may do in a namespace ("" for cluster-wide rights only). */
  rulesFor(user: User, namespace: string): PolicyRule[] {
    if (user.groups.includes(superusers)) {
      return [
        { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
        { verbs: ["*"], nonResourceURLs: ["*"] },
      ];
    }
    return [...this.#rulesOf(user, namespace)];
  }

  /** The rules of a role that a binding refers to; none when it is not there. */
  rulesOfRole({ kind, name }: RoleReference, namespace: string): PolicyRule[] {
    const entry = kind === "ClusterRole" ? this.#clusterRoles.get(name) : this.#roles.get(`${namespace}/${name}`);
    return (entry?.object as ClusterRole | Role | undefined)?.rules ?? [];
  }

  *#rulesOf(user: User, namespace: string): Iterable<PolicyRule> {
    this.#grants ??= this.#collect();
    const { cluster, namespaces } = this.#grants;
    const own = namespace === "" ? undefined : namespaces.get(namespace);
    for (const subject of subjectsOf(user)) {
      yield* cluster.get(subject) ?? [];
      yield* own?.get(subject) ?? [];
    }
  }

  #collect(): Grants {
    const grants: Grants = { cluster: new Map(), namespaces: new Map() };
    for (const { object } of this.#clusterRoleBindings.list()) {
      const { roleRef, subjects } = object as ClusterRoleBinding;
      grant(grants.cluster, subjects, "", this.rulesOfRole(roleRef, ""));
    }
    for (const { object } of this.#roleBindings.list()) {
      const { roleRef, subjects } = object as RoleBinding;
      const namespace = object.metadata.namespace ?? "";
      const own = grants.namespaces.get(namespace) ?? new Map<string, PolicyRule[]>();
      grants.namespaces.set(namespace, own);
      // A ClusterRole that a RoleBinding gives counts in that namespace, and paths are in none.
      const rules = this.rulesOfRole(roleRef, namespace).filter(({ resources }) => resources !== undefined);
      grant(own, subjects, namespace, rules);
    }
    return grants;
  }
}

function grant(
  grants: Map<string, PolicyRule[]>,
  subjects: Subject[] | undefined,
  namespace: string,
  rules: PolicyRule[],
): void {
  for (const subject of subjects ?? []) {
    const key = keyOf(subject, namespace);
    const held = grants.get(key);
    if (held === undefined) grants.set(key, [...rules]);
    else held.push(...rules);
  }
}

function keyOf({ kind, name, namespace }: Subject, ofBinding: string): string {
  if (kind === "ServiceAccount") return `User:system:serviceaccount:${namespace || ofBinding}:${name}`;
  return `${kind}:${name}`;
}

function* subjectsOf({ name, groups }: User): Iterable<string> {
  yield `User:${name}`;
  for (const group of groups) yield `Group:${group}`;
  if (!groups.includes(everybody)) yield `Group:${everybody}`;
}

import type { ClusterRole, PolicyRule, RoleBinding } from "../../../kubernetes/types.ts";
import type { Stored } from "../../storage/entry.ts";
import type { User } from "../answer.ts";
import { same } from "../kinds/validation/errors.ts";
import type { KindHooks } from "../registry.ts";
import { forbidden } from "../status.ts";
import type { Authorizer } from "./authorizer.ts";
import { uncovered } from "./rules.ts";

type Grant = Pick<Partial<ClusterRole & RoleBinding>, "rules" | "roleRef" | "subjects">;

const group = "rbac.authorization.k8s.io";

/**
 * Nobody grants more than they have: who writes a Role must hold all its rights (or the verb "escalate" on it), and who binds one must hold
 * them too (or the verb "bind").
 */
export function escalationHooks(authorizer: Authorizer, plural: string): KindHooks {
  const isBinding = plural.endsWith("bindings");
  const check = (object: Stored, user: User, namespace: string) => {
    const { name = "" } = object.metadata;
    const { roleRef } = object as unknown as RoleBinding;
    const resource = isBinding ? (roleRef.kind === "ClusterRole" ? "clusterroles" : "roles") : plural;
    const verb = isBinding ? "bind" : "escalate";
    const on = {
      group,
      resource,
      subresource: "",
      namespace,
      name: isBinding ? roleRef.name : name,
      fieldSelector: "",
    };
    if (authorizer.allows(user, { ...on, verb })) return;
    const rules = isBinding
      ? authorizer.rbac.rulesOfRole(roleRef, namespace)
      : ((object as unknown as ClusterRole).rules ?? []);
    const missing = uncovered(authorizer.rbac.rulesFor(user, namespace), rules);
    if (missing.length === 0) return;
    throw forbidden(
      { group, plural },
      name,
      `user ${JSON.stringify(user.name)} (groups=${JSON.stringify([...user.groups, "system:authenticated"])}) is attempting to grant RBAC permissions not currently held:\n${missing.slice(0, 20).map(print).join("\n")}`,
    );
  };
  return {
    admitCreate: (object, { user, namespace }) => check(object, user, namespace),
    admitUpdate(object, old, { user, namespace }) {
      // Who only changes metadata (the garbage collector takes finalizers away) grants nothing.
      const granted = ({ rules, roleRef, subjects }: Grant) => ({ rules, roleRef, subjects });
      if (!same(granted(object as Grant), granted(old as Grant))) check(object, user, namespace);
    },
  };
}

function print({ apiGroups, resources, resourceNames, verbs, nonResourceURLs }: PolicyRule): string {
  const parts = {
    APIGroups: apiGroups,
    Resources: resources,
    ResourceNames: resourceNames,
    NonResourceURLs: nonResourceURLs,
    Verbs: verbs,
  };
  const shown = Object.entries(parts).filter(([, list]) => list !== undefined);
  return `{${shown.map(([name, list]) => `${name}:${JSON.stringify(list)}`).join(", ")}}`;
}

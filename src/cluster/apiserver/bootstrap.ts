import { clusterRoleBindings, clusterRoles, namespaces, serviceAccounts } from "../../kubernetes/resource.ts";
import type { ClusterRole, ClusterRoleBinding, Namespace, ServiceAccount } from "../../kubernetes/types.ts";
import type { BootstrapPolicy } from "./authorization/bootstrap-policy.ts";
import type { ApiContext } from "./context.ts";
import { ensure } from "./ensure.ts";
import { type ApiAddress, ensureKubernetesService } from "./kubernetes-service.ts";

export interface Bootstrap {
  config: ApiAddress;
  /** ClusterIP of the Service kubernetes. */
  kubernetesAddress: string;
  policy: BootstrapPolicy;
}

/**
 * The objects that every cluster starts with. What is there already is brought to this state; the rest of a stored cluster stays. All of it is
 * one group commit: each write sees the ones before it.
 */
export async function bootstrapObjects(context: ApiContext, { config, kubernetesAddress, policy }: Bootstrap) {
  await Promise.all([
    ...["default", "kube-system", "kube-public", "kube-node-lease"].flatMap((name) => [
      ensure<Namespace>(context, namespaces, { metadata: { name } }),
      // A controller makes them in later namespaces; here the first Pod must not have to wait for it.
      ensure<ServiceAccount>(context, serviceAccounts, { metadata: { name: "default", namespace: name } }),
    ]),
    ...policy.roles.map((role) =>
      ensure<ClusterRole>(context, clusterRoles, role, (existing) => {
        existing.rules = role.rules;
      }),
    ),
    ...policy.bindings.map((binding) =>
      ensure<ClusterRoleBinding>(context, clusterRoleBindings, binding, (existing) => {
        existing.subjects = binding.subjects;
      }),
    ),
    ...ensureKubernetesService(context, config, kubernetesAddress),
  ]);
}

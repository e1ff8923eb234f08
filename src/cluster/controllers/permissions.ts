import type { PolicyRule } from "../../kubernetes/types.ts";

function rule(group: string, resources: string[], verbs: string[]): PolicyRule {
  return { apiGroups: [group], resources, verbs };
}

const recordEvents = rule("", ["events"], ["create", "patch"]);

/**
 * What each controller may do, beyond what the shared caches read for it: the rules of its ClusterRole. The key is the name given to clientFor,
 * the identity is system:serviceaccount:kube-system:KEY-controller.
 */
export const controllerPermissions: Readonly<Record<string, PolicyRule[]>> = {
  "shared-cache": [
    rule(
      "",
      ["pods", "nodes", "services", "endpoints", "namespaces", "configmaps", "serviceaccounts"],
      ["list", "watch"],
    ),
    rule("apps", ["deployments", "replicasets", "daemonsets"], ["list", "watch"]),
    rule("discovery.k8s.io", ["endpointslices"], ["list", "watch"]),
    rule("coordination.k8s.io", ["leases"], ["list", "watch"]),
  ],
  deployment: [
    rule("apps", ["deployments"], ["get", "patch"]),
    rule("apps", ["deployments/status"], ["patch"]),
    rule("apps", ["replicasets"], ["get", "create", "patch", "delete"]),
    recordEvents,
  ],
  replicaset: [
    rule("apps", ["replicasets"], ["get"]),
    rule("apps", ["replicasets/status"], ["patch"]),
    rule("", ["pods"], ["create", "patch", "delete"]),
    recordEvents,
  ],
  daemonset: [
    rule("apps", ["daemonsets"], ["get"]),
    rule("apps", ["daemonsets/status"], ["patch"]),
    rule("", ["pods"], ["create", "patch", "delete"]),
    recordEvents,
  ],
  scheduler: [rule("", ["pods/binding"], ["create"]), rule("", ["pods/status"], ["patch"]), recordEvents],
  endpointslice: [rule("discovery.k8s.io", ["endpointslices"], ["create", "update", "delete"]), recordEvents],
  endpoints: [rule("", ["endpoints"], ["create", "update", "delete"]), recordEvents],
  "node-lifecycle": [
    rule("", ["nodes"], ["patch"]),
    rule("", ["nodes/status", "pods/status"], ["patch"]),
    rule("", ["pods"], ["delete"]),
    recordEvents,
  ],
  "node-ipam": [rule("", ["nodes"], ["patch"]), recordEvents],
  namespace: [
    rule("*", ["*"], ["list", "delete"]),
    rule("", ["namespaces/status"], ["patch"]),
    rule("", ["namespaces/finalize"], ["update"]),
  ],
  // Any kind may own any other; what Kubernetes' own collector may do.
  "garbage-collector": [rule("*", ["*"], ["get", "list", "watch", "patch", "delete"])],
  serviceaccount: [rule("", ["serviceaccounts"], ["create"])],
  "root-ca": [rule("", ["configmaps"], ["create", "patch"])],
  "pod-gc": [rule("", ["nodes"], ["get"]), rule("", ["pods"], ["delete"])],
  dns: [
    rule("", ["services"], ["get", "create"]),
    rule("discovery.k8s.io", ["endpointslices"], ["create", "update", "delete"]),
  ],
};

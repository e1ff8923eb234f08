import type { ClusterRole, ClusterRoleBinding, PolicyRule } from "../../../kubernetes/types.ts";
import type { User } from "../answer.ts";

/**
 * The roles that every cluster has from its start, by the names and with the meaning that they have in Kubernetes
 * (plugin/pkg/auth/authorizer/rbac/bootstrappolicy), for the kinds that this server serves.
 */

const apiGroup = "rbac.authorization.k8s.io";
const label = { "kubernetes.io/bootstrapping": "rbac-defaults" };
const read = ["get", "list", "watch"];
const write = ["create", "delete", "deletecollection", "patch", "update"];

function rule(group: string, resources: string[], verbs: string[]): PolicyRule {
  return { apiGroups: [group], resources, verbs };
}

/** What people see of their namespace. No Secrets: they would be a way to every ServiceAccount's rights. */
const viewRules: PolicyRule[] = [
  rule(
    "",
    [
      "configmaps",
      "endpoints",
      "events",
      "pods",
      "pods/log",
      "pods/status",
      "serviceaccounts",
      "services",
      "services/status",
      "namespaces",
      "namespaces/status",
    ],
    read,
  ),
  rule(
    "apps",
    [
      "daemonsets",
      "daemonsets/status",
      "deployments",
      "deployments/scale",
      "deployments/status",
      "replicasets",
      "replicasets/scale",
      "replicasets/status",
    ],
    read,
  ),
  rule("discovery.k8s.io", ["endpointslices"], read),
  rule("networking.k8s.io", ["ingresses", "ingresses/status"], read),
];

const editRules: PolicyRule[] = [
  ...viewRules,
  rule("", ["secrets"], read),
  rule("", ["serviceaccounts"], ["impersonate"]),
  rule("", ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy"], ["get", ...write]),
  rule("", ["pods/eviction", "serviceaccounts/token"], ["create"]),
  rule("", ["configmaps", "events", "pods", "secrets", "serviceaccounts", "services"], write),
  rule("apps", ["daemonsets", "deployments", "deployments/scale", "replicasets", "replicasets/scale"], write),
  rule("networking.k8s.io", ["ingresses"], write),
  rule("coordination.k8s.io", ["leases"], [...read, ...write]),
];

const adminRules: PolicyRule[] = [
  ...editRules,
  rule("authorization.k8s.io", ["localsubjectaccessreviews"], ["create"]),
  rule(apiGroup, ["rolebindings", "roles"], [...read, ...write]),
];

const discoveryPaths = [
  "/api",
  "/api/*",
  "/apis",
  "/apis/*",
  "/healthz",
  "/livez",
  "/openapi",
  "/openapi/*",
  "/readyz",
  "/version",
  "/version/",
];

const roles: Record<string, PolicyRule[]> = {
  "cluster-admin": [rule("*", ["*"], ["*"]), { nonResourceURLs: ["*"], verbs: ["*"] }],
  admin: adminRules,
  edit: editRules,
  view: viewRules,
  "system:discovery": [{ nonResourceURLs: discoveryPaths, verbs: ["get"] }],
  "system:public-info-viewer": [
    { nonResourceURLs: ["/healthz", "/livez", "/readyz", "/version", "/version/"], verbs: ["get"] },
  ],
  "system:basic-user": [
    rule("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
    rule("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
  ],
  "system:node-proxier": [
    rule("", ["endpoints", "services"], ["list", "watch"]),
    rule("", ["nodes"], read),
    rule("discovery.k8s.io", ["endpointslices"], ["list", "watch"]),
    rule("", ["events"], ["create", "patch", "update"]),
  ],
  "system:auth-delegator": [
    rule("authentication.k8s.io", ["tokenreviews"], ["create"]),
    rule("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
  ],
};

type Subject = NonNullable<ClusterRoleBinding["subjects"]>[number];
const group = (name: string): Subject => ({ kind: "Group", apiGroup, name });
const user = (name: string): Subject => ({ kind: "User", apiGroup, name });

const bindings: Record<string, Subject> = {
  "cluster-admin": group("system:masters"),
  "system:discovery": group("system:authenticated"),
  "system:public-info-viewer": group("system:authenticated"),
  "system:basic-user": group("system:authenticated"),
  "system:node-proxier": user("system:kube-proxy"),
};

export interface BootstrapPolicy {
  roles: ClusterRole[];
  bindings: ClusterRoleBinding[];
}

/** Controllers live in this process, but each has a ServiceAccount's name and only its own rights. */
function controllerAccount(name: string): { name: string; namespace: string } {
  return { name: `${name}-controller`, namespace: "kube-system" };
}

/** The identity of a controller, for a transport of its own. */
export function controllerUser(name: string): User {
  const account = controllerAccount(name);
  return {
    name: `system:serviceaccount:${account.namespace}:${account.name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`],
  };
}

/** `controllers`: the rules that each controller needs, by its short name. */
export function bootstrapPolicy(controllers: Readonly<Record<string, PolicyRule[]>>): BootstrapPolicy {
  const result: BootstrapPolicy = { roles: [], bindings: [] };
  for (const [name, rules] of Object.entries(roles)) result.roles.push(roleNamed(name, rules));
  for (const [name, subject] of Object.entries(bindings)) result.bindings.push(bindingNamed(name, subject));
  for (const [name, rules] of Object.entries(controllers)) {
    const role = `system:controller:${name}-controller`;
    result.roles.push(roleNamed(role, rules));
    result.bindings.push(bindingNamed(role, { kind: "ServiceAccount", ...controllerAccount(name) }));
  }
  return result;
}

function roleNamed(name: string, rules: PolicyRule[]): ClusterRole {
  return { metadata: { name, labels: label }, rules };
}

function bindingNamed(name: string, subject: Subject): ClusterRoleBinding {
  return { metadata: { name, labels: label }, roleRef: { apiGroup, kind: "ClusterRole", name }, subjects: [subject] };
}

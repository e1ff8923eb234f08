/** Where a kind lives in the API: what a path needs. One constant per kind that Fairway reads or writes. */
export interface Resource {
  /** "" for the core group. */
  group: string;
  version: string;
  kind: string;
  plural: string;
  namespaced: boolean;
}

function core(kind: string, plural: string, namespaced = true): Resource {
  return { group: "", version: "v1", kind, plural, namespaced };
}
function grouped(group: string, kind: string, plural: string, namespaced = true): Resource {
  return { group, version: "v1", kind, plural, namespaced };
}

export const namespaces = core("Namespace", "namespaces", false);
export const nodes = core("Node", "nodes", false);
export const pods = core("Pod", "pods");
export const services = core("Service", "services");
export const endpoints = core("Endpoints", "endpoints");
export const configMaps = core("ConfigMap", "configmaps");
export const secrets = core("Secret", "secrets");
export const serviceAccounts = core("ServiceAccount", "serviceaccounts");
export const events = core("Event", "events");
export const endpointSlices = grouped("discovery.k8s.io", "EndpointSlice", "endpointslices");
export const leases = grouped("coordination.k8s.io", "Lease", "leases");
export const deployments = grouped("apps", "Deployment", "deployments");
export const replicaSets = grouped("apps", "ReplicaSet", "replicasets");
export const daemonSets = grouped("apps", "DaemonSet", "daemonsets");
export const ingresses = grouped("networking.k8s.io", "Ingress", "ingresses");
export const ingressClasses = grouped("networking.k8s.io", "IngressClass", "ingressclasses", false);
export const serviceCIDRs = grouped("networking.k8s.io", "ServiceCIDR", "servicecidrs", false);
export const roles = grouped("rbac.authorization.k8s.io", "Role", "roles");
export const roleBindings = grouped("rbac.authorization.k8s.io", "RoleBinding", "rolebindings");
export const clusterRoles = grouped("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", false);
export const clusterRoleBindings = grouped(
  "rbac.authorization.k8s.io",
  "ClusterRoleBinding",
  "clusterrolebindings",
  false,
);

/** "v1" or "apps/v1". */
export function apiVersionOf(resource: Pick<Resource, "group" | "version">): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** The URL path of a collection, or of one object in it. Names are percent-encoded. */
export function pathOf(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const root =
    resource.group === ""
      ? `/api/${resource.version}`
      : `/apis/${encodeURIComponent(resource.group)}/${resource.version}`;
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  const object = name ? `/${encodeURIComponent(name)}` : "";
  return `${root}${scope}/${resource.plural}${object}${name && subresource ? `/${subresource}` : ""}`;
}

/**
 * Writes src/cluster/apiserver/kinds/schema/types.ts: the shape of every Kubernetes type the embedded API serves. Run by hand when the
 * Kubernetes version moves; the result is committed. It reads two public packages of types:
 *
 *   cd /tmp && npm pack @kubernetes/client-node@2.0.1 && tar xzf kubernetes-client-node-2.0.1.tgz   # generated from Kubernetes 1.36
 *   node scripts/generate-schemas.ts /tmp/package/dist/gen/models && npm run fix
 *
 * client-node tells names, types, formats and which fields are required; the dev dependency kubernetes-types tells the API group of a type.
 * Neither knows how lists are merged: that is the hand-written table `listRules` below, and `quantityFields` names what is a quantity.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

interface Attribute {
  baseName: string;
  type: string;
  format: string;
}

const roots = [
  ..."Namespace Node Pod Service Endpoints ConfigMap Secret ServiceAccount Binding".split(" "),
  ..."EndpointSlice Lease Deployment ReplicaSet DaemonSet Ingress IngressClass".split(" "),
  ..."Role ClusterRole RoleBinding ClusterRoleBinding".split(" "),
  ..."DeleteOptions Status Scale Eviction TokenReview SubjectAccessReview LocalSubjectAccessReview".split(" "),
  ..."SelfSubjectAccessReview SelfSubjectRulesReview SelfSubjectReview".split(" "),
]
  .map((name) => `V1${name}`)
  .concat("CoreV1Event", "EventsV1Event", "AuthenticationV1TokenRequest");

/** Types younger than kubernetes-types 1.30, or whose name exists in several groups. Every other new type is core. */
const groupByModel: Record<string, string> = {
  CoreV1Event: "core",
  CoreV1EventSeries: "core",
  CoreV1EndpointPort: "core",
  EventsV1Event: "events",
  EventsV1EventSeries: "events",
  DiscoveryV1EndpointPort: "discovery",
  RbacV1Subject: "rbac",
  AuthenticationV1TokenRequest: "authentication",
  V1TokenRequestSpec: "authentication",
  V1TokenRequestStatus: "authentication",
  V1BoundObjectReference: "authentication",
  V1UserInfo: "authentication",
  V1ResourceRule: "authorization",
  V1ResourceAttributes: "authorization",
  V1FieldSelectorAttributes: "authorization",
  V1LabelSelectorAttributes: "authorization",
  V1FieldSelectorRequirement: "meta",
  V1ForNode: "discovery",
  V1ShardInfo: "meta",
  V1ScaleSpec: "autoscaling",
  V1ScaleStatus: "autoscaling",
  V1Scale: "autoscaling",
};

/** kubernetes-types module per group, in order of preference for a name found in several. */
const modules =
  "meta core apps networking discovery coordination rbac authentication authorization policy autoscaling events".split(
    " ",
  );

/** Fields whose Go type is resource.Quantity or a map of them. */
const quantityFields = new Set(
  (
    "ResourceRequirements.limits ResourceRequirements.requests VolumeResourceRequirements.limits VolumeResourceRequirements.requests " +
    "NodeStatus.capacity NodeStatus.allocatable EmptyDirVolumeSource.sizeLimit ResourceFieldSelector.divisor PodSpec.overhead " +
    "ContainerStatus.allocatedResources PodStatus.allocatedResources"
  ).split(" "),
);

/**
 * How lists (and two maps) merge; `merge` is the key of strategic merge ("" for a set of scalars), `keys` those of server-side apply when
 * they differ, `retainKeys` makes a patched object drop the keys that the patch does not name.
 */
const listRules: Record<string, string> = {
  "ObjectMeta.ownerReferences": "merge=uid",
  "ObjectMeta.finalizers": "merge=",
  "PodSpec.containers": "merge=name",
  "PodSpec.initContainers": "merge=name",
  "PodSpec.ephemeralContainers": "merge=name",
  "PodSpec.imagePullSecrets": "merge=name",
  "PodSpec.schedulingGates": "merge=name",
  "PodSpec.resourceClaims": "merge=name retainKeys",
  "PodSpec.volumes": "merge=name retainKeys",
  "PodSpec.hostAliases": "merge=ip",
  "PodSpec.topologySpreadConstraints": "merge=topologyKey keys=topologyKey,whenUnsatisfiable",
  "PodSpec.nodeSelector": "atomic",
  "PodSpec.tolerations": "atomic",
  "PodStatus.conditions": "merge=type",
  "PodStatus.podIPs": "merge=ip",
  "PodStatus.hostIPs": "merge=ip atomic",
  "PodStatus.resourceClaimStatuses": "merge=name retainKeys",
  "PodStatus.containerStatuses": "atomic",
  "PodStatus.initContainerStatuses": "atomic",
  "PodStatus.ephemeralContainerStatuses": "atomic",
  "ContainerStatus.volumeMounts": "merge=mountPath",
  "Container.env": "merge=name",
  "Container.ports": "merge=containerPort keys=containerPort,protocol",
  "Container.volumeMounts": "merge=mountPath",
  "Container.volumeDevices": "merge=devicePath",
  "Container.args": "atomic",
  "Container.command": "atomic",
  "Container.envFrom": "atomic",
  "Container.resizePolicy": "atomic",
  "EphemeralContainer.env": "merge=name",
  "EphemeralContainer.ports": "merge=containerPort keys=containerPort,protocol",
  "EphemeralContainer.volumeMounts": "merge=mountPath",
  "EphemeralContainer.volumeDevices": "merge=devicePath",
  "EphemeralContainer.args": "atomic",
  "EphemeralContainer.command": "atomic",
  "EphemeralContainer.envFrom": "atomic",
  "EphemeralContainer.resizePolicy": "atomic",
  "ResourceRequirements.claims": "keys=name",
  "ServiceSpec.ports": "merge=port keys=port,protocol",
  "ServiceSpec.selector": "atomic",
  "ServiceSpec.clusterIPs": "atomic",
  "ServiceSpec.externalIPs": "atomic",
  "ServiceSpec.ipFamilies": "atomic",
  "ServiceSpec.loadBalancerSourceRanges": "atomic",
  "ServiceStatus.conditions": "merge=type",
  "LoadBalancerStatus.ingress": "atomic",
  "LoadBalancerIngress.ports": "atomic",
  "ServiceAccount.secrets": "merge=name",
  "ServiceAccount.imagePullSecrets": "atomic",
  "NamespaceSpec.finalizers": "atomic",
  "NamespaceStatus.conditions": "merge=type",
  "NodeSpec.podCIDRs": "merge=",
  "NodeSpec.taints": "atomic",
  "NodeStatus.addresses": "merge=type",
  "NodeStatus.conditions": "merge=type",
  "NodeStatus.images": "atomic",
  "NodeStatus.volumesInUse": "atomic",
  "NodeStatus.volumesAttached": "atomic",
  "DeploymentSpec.strategy": "retainKeys",
  "DeploymentStatus.conditions": "merge=type",
  "ReplicaSetStatus.conditions": "merge=type",
  "DaemonSetStatus.conditions": "merge=type",
  "Endpoints.subsets": "atomic",
  "EndpointSubset.addresses": "atomic",
  "EndpointSubset.notReadyAddresses": "atomic",
  "EndpointSubset.ports": "atomic",
  "EndpointSlice.endpoints": "atomic",
  "EndpointSlice.ports": "atomic",
  "Endpoint.addresses": "keys=",
  "EndpointHints.forZones": "atomic",
  "EndpointHints.forNodes": "atomic",
  "LabelSelector.matchExpressions": "atomic",
  "LabelSelectorRequirement.values": "atomic",
  "IngressSpec.rules": "atomic",
  "IngressSpec.tls": "atomic",
  "IngressTLS.hosts": "atomic",
  "HTTPIngressRuleValue.paths": "atomic",
  "IngressLoadBalancerStatus.ingress": "atomic",
  "IngressLoadBalancerIngress.ports": "atomic",
  "Role.rules": "atomic",
  "ClusterRole.rules": "atomic",
  "PolicyRule.verbs": "atomic",
  "PolicyRule.apiGroups": "atomic",
  "PolicyRule.resources": "atomic",
  "PolicyRule.resourceNames": "atomic",
  "PolicyRule.nonResourceURLs": "atomic",
  "RoleBinding.subjects": "atomic",
  "ClusterRoleBinding.subjects": "atomic",
  "AggregationRule.clusterRoleSelectors": "atomic",
};

const modelDirectory = process.argv[2];
if (modelDirectory === undefined) throw new Error("usage: generate-schemas.ts DIRECTORY-OF-CLIENT-NODE-MODELS");

const typeModules = new Map(
  modules.map((group) => {
    const text = readFileSync(join("node_modules/kubernetes-types", group, "v1.d.ts"), "utf8");
    return [group, new Set([...text.matchAll(/^export interface (\w+)/gm)].map((match) => match[1]!))] as const;
  }),
);

/** "V1Pod" → "Pod", "CoreV1Event" → "Event". */
function kubernetesName(model: string): string {
  return model.replace(/^[A-Z]?[a-z]*V1/, "");
}

function qualified(model: string): string {
  const name = kubernetesName(model);
  const group = groupByModel[model] ?? modules.find((module) => typeModules.get(module)?.has(name)) ?? "core";
  return `${group}.${name}`;
}

const types = new Map<string, string[]>();
await visit(roots);
const text = [...types.entries()]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, fields]) => [name, ...fields].join("\n"))
  .join("\n");
writeFileSync(
  "src/cluster/apiserver/kinds/schema/types.ts",
  `/** Written by scripts/generate-schemas.ts from Kubernetes 1.36; change that, not this. The notation is explained in parse.ts. */
// biome-ignore format: one long text
export const typesText = \`${text}\`;
`,
);
console.log(`${types.size} types, ${text.length} bytes`);

async function visit(models: string[]): Promise<void> {
  for (const model of models) {
    const name = qualified(model);
    if (types.has(name)) continue;
    const fields: string[] = [];
    types.set(name, fields);
    const module = (await import(pathToFileURL(join(modelDirectory!, `${model}.js`)).href)) as Record<
      string,
      { attributeTypeMap: Attribute[] }
    >;
    const declaration = readFileSync(join(modelDirectory!, `${model}.d.ts`), "utf8");
    const next: string[] = [];
    for (const attribute of module[model]!.attributeTypeMap) {
      const required = new RegExp(`^ {4}'${attribute.baseName.replace("$", "\\$")}': `, "m").test(declaration);
      const path = `${kubernetesName(model)}.${attribute.baseName}`;
      const rule = listRules[path];
      const type = notation(attribute.type, attribute.format, quantityFields.has(path), next);
      fields.push(` ${attribute.baseName}${required ? "!" : ""} ${type}${rule ? ` ${rule}` : ""}`);
    }
    await visit(next);
  }
}

/** The type of a client-node attribute in the notation of parse.ts; models it names are added to `next`. */
function notation(type: string, format: string, quantity: boolean, next: string[]): string {
  const list = /^Array<(.*)>$/.exec(type)?.[1];
  if (list !== undefined) return `[${notation(list, format, quantity, next)}]`;
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (map !== undefined) return `{${notation(map, format, quantity, next)}}`;
  if (quantity) return "quantity";
  switch (type) {
    case "string":
      return format === "byte" ? "byte" : "string";
    case "number":
      return format === "int32" || format === "int64" ? format : "number";
    case "boolean":
    case "any":
      return type;
    case "Date":
      return "date-time";
    case "V1MicroTime":
      return "micro-time";
    case "IntOrString":
      return "int-or-string";
    default:
      next.push(type);
      return qualified(type);
  }
}

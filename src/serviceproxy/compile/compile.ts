import { type Address, type Family, formatAddressPort } from "../../ip/address.ts";
import type { EndpointSlice, KubernetesObject, Service } from "../../kubernetes/types.ts";
import type { Endpoint, ServicePort, Target } from "../table.ts";
import { type Categories, categorize } from "./categorize.ts";
import { portKey, readEndpoints } from "./endpoints.ts";
import { type Problem, Problems } from "./problems.ts";
import { isLabel, isProxied, type PortSpec, readService, type ServiceSpec } from "./service.ts";

/** What a node is to the compiler. */
export interface NodeContext {
  nodeName: string;
  /** Label topology.kubernetes.io/zone. */
  zone?: string;
  /** The node's own addresses, for source ranges that it falls into. */
  addresses: readonly Address[];
  families: readonly Family[];
  /** False: externalIPs of Services are ignored. */
  externalIPs?: boolean;
}

export interface CompiledService {
  rows: ServicePort[];
  problems: Problem[];
}

/**
 * What one Service and its EndpointSlices mean on a node. Pure: the same inputs give the same rows, in a fixed order. Takes whatever an API
 * may hold; what makes no sense is left out and told.
 */
export function compileService(
  service: Service | undefined,
  slices: Iterable<EndpointSlice>,
  node: NodeContext,
): CompiledService {
  if (service === undefined || !isProxied(service)) return { rows: [], problems: [] };
  const problems = new Problems(nameOf("Service", service));
  const tell = (kind: string, object: KubernetesObject) => (field: string, problem: string) =>
    problems.add({ object: nameOf(kind, object), field, problem });
  const report = tell("Service", service);
  const { namespace, name } = service.metadata ?? {};
  if (!isLabel(namespace) || !isLabel(name)) {
    report("metadata", "name and namespace must be DNS labels");
    return { rows: [], problems: problems.list() };
  }
  const own = [...slices];
  const rows = node.families.flatMap((family) => {
    const spec = readService(service, family, node, report);
    if (spec === undefined) return [];
    const endpoints = readEndpoints(own, family, node.nodeName, (slice) => tell("EndpointSlice", slice));
    return spec.ports.map((port) =>
      compilePort(`${namespace}/${name}`, spec, port, endpoints.get(portKey(port.name, port.protocol)) ?? [], node),
    );
  });
  return { rows, problems: problems.list() };
}

function nameOf(kind: string, { metadata }: KubernetesObject): string {
  return `${kind} ${metadata?.namespace}/${metadata?.name}`;
}

function compilePort(
  service: string,
  spec: ServiceSpec,
  port: PortSpec,
  endpoints: readonly Endpoint[],
  node: NodeContext,
): ServicePort {
  const { internalLocal, ports: _, ...frontends } = spec;
  const external = port.nodePort > 0 || spec.externalIPs.length > 0 || spec.loadBalancerIPs.length > 0;
  const externalLocal = spec.externalLocal && external;
  const needs = {
    // Also under externalTrafficPolicy Local: traffic of this node and its Pods to an external address goes anywhere.
    cluster: !internalLocal || external,
    local: internalLocal || externalLocal,
  };
  const categories = categorize(endpoints, needs, node);
  const name = `${service}:${port.name}`;
  const [namespace = "", serviceName = ""] = service.split("/");
  const serving = port.protocol === "UDP" ? endpoints.filter((endpoint) => endpoint.serving) : [];
  return {
    ...frontends,
    key: `${name}/${port.protocol.toLowerCase()}/${spec.family}`,
    name,
    namespace,
    service: serviceName,
    protocol: port.protocol,
    port: port.port,
    nodePort: port.nodePort,
    internal: targetOf(internalLocal, categories),
    external: targetOf(externalLocal, categories),
    externalLocal,
    cluster: categories.cluster,
    local: categories.local,
    serving: serving.map((endpoint) => formatAddressPort(endpoint.address, endpoint.port)),
  };
}

/** REJECT when nobody serves at all, so that clients fail fast; DROP when only this node has nobody, so that balancers move on. */
function targetOf(local: boolean, { any, local: here }: Categories): Target {
  if (!any) return "reject";
  if (!local) return "cluster";
  return here.length > 0 ? "local" : "drop";
}

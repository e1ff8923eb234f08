import { type IPFamily, ipFamilyOf } from "../../../kubernetes/ip-family.ts";
import type { Endpoint, EndpointSlice, Node, Pod, Service, ServicePort } from "../../../kubernetes/types.ts";
import { isDeleting, uidOf } from "../shared/keys.ts";
import { isReady, isTerminated, podAddress } from "../shared/pod-state.ts";

export type EndpointPort = NonNullable<EndpointSlice["ports"]>[number];

/** Endpoints that share one set of ports: named target ports may differ from Pod to Pod, and a slice has only one set. */
export interface PortGroup {
  ports: EndpointPort[];
  endpoints: Endpoint[];
}

const zoneLabel = "topology.kubernetes.io/zone";

/** The controller makes slices for Services that select Pods; all others are their owner's business. */
export function selectsPods(service: Service): boolean {
  const { selector, type } = service.spec ?? {};
  return type !== "ExternalName" && selector !== undefined && Object.keys(selector).length > 0;
}

/** The families of a Service's endpoints, the primary one first. An object of before there were families shows it by its address. */
export function familiesOf({ spec }: Service): IPFamily[] {
  const families = (spec?.ipFamilies ?? []) as IPFamily[];
  return families.length > 0 ? families : [ipFamilyOf(spec?.clusterIP ?? "")];
}

/** What a Pod answers at in a family: its address there, unless it is over. Terminating or not. */
export function endpointAddress(pod: Pod, family: IPFamily): string | undefined {
  return isTerminated(pod) ? undefined : podAddress(pod, family);
}

/** What a Service's slices of one family have to hold together. The order of Pods is kept within a group. */
export function desiredGroups(
  service: Service,
  pods: Iterable<Pod>,
  nodeOf: (name: string) => Node | undefined,
  family: IPFamily,
): Map<string, PortGroup> {
  const groups = new Map<string, PortGroup>();
  for (const pod of pods) {
    const address = endpointAddress(pod, family);
    if (address === undefined) continue;
    const ports = endpointPorts(service, pod);
    const key = portsKey(ports);
    let group = groups.get(key);
    if (group === undefined) {
      group = { ports, endpoints: [] };
      groups.set(key, group);
    }
    group.endpoints.push(endpointOf(service, pod, nodeOf(pod.spec?.nodeName ?? ""), address));
  }
  return groups;
}

/** ready/serving/terminating as KEP-1672 defines them. */
export function endpointOf(service: Service, pod: Pod, node: Node | undefined, address: string): Endpoint {
  const serving = isReady(pod);
  const terminating = isDeleting(pod);
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const { nodeName, hostname, subdomain } = pod.spec ?? {};
  const zone = node?.metadata?.labels?.[zoneLabel];
  const hints = ready ? hintsOf(service, zone, nodeName) : undefined;
  const hasHostname = hostname && subdomain === service.metadata?.name;
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hasHostname && { hostname }),
    ...(nodeName && { nodeName }),
    targetRef: {
      kind: "Pod",
      name: pod.metadata?.name,
      namespace: pod.metadata?.namespace,
      uid: uidOf(pod),
    },
    ...(zone && { zone }),
    ...(hints && { hints }),
  };
}

/**
 * Who should use an endpoint, by the Service's trafficDistribution (KEP-4444, KEP-3015): those of its zone, or of its node first. Without a
 * zone there is no hint, and proxies then pass over the hints of all.
 */
function hintsOf({ spec }: Service, zone: string | undefined, nodeName: string | undefined): Endpoint["hints"] {
  const forZones = zone ? { forZones: [{ name: zone }] } : undefined;
  switch (spec?.trafficDistribution) {
    case "PreferClose":
    case "PreferSameZone":
      return forZones;
    case "PreferSameNode":
      return nodeName ? { ...forZones, forNodes: [{ name: nodeName }] } : undefined;
    default:
      return undefined;
  }
}

/** The Service's ports as one Pod serves them; a named target port that the Pod does not have is left out. */
export function endpointPorts(service: Service, pod: Pod): EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const servicePort of service.spec?.ports ?? []) {
    const port = targetPortOf(servicePort, pod);
    if (port === undefined) continue;
    const { name = "", protocol = "TCP", appProtocol } = servicePort;
    ports.push({ name, port, protocol, ...(appProtocol && { appProtocol }) });
  }
  return ports;
}

function targetPortOf({ targetPort, port, protocol = "TCP" }: ServicePort, pod: Pod): number | undefined {
  if (targetPort === undefined || targetPort === 0 || targetPort === "") return port;
  if (typeof targetPort === "number") return targetPort;
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === "Always");
  for (const container of [...containers, ...sidecars]) {
    for (const { name, containerPort, protocol: offered = "TCP" } of container.ports ?? []) {
      if (name === targetPort && offered === protocol) return containerPort;
    }
  }
  return undefined;
}

/** Equal for the same set of ports in any order. */
export function portsKey(ports: readonly EndpointPort[]): string {
  return ports
    .map(
      ({ name, port, protocol, appProtocol }) =>
        `${name ?? ""}|${protocol ?? "TCP"}|${port ?? ""}|${appProtocol ?? ""}`,
    )
    .sort()
    .join(",");
}

import type { Endpoints, Pod, Service } from "../../../kubernetes/types.ts";
import { type EndpointPort, endpointAddress, endpointPorts, familiesOf, portsKey } from "../endpointslice/desired.ts";
import { isDeleting, uidOf } from "../shared/keys.ts";
import { isReady } from "../shared/pod-state.ts";

export type Subset = NonNullable<Endpoints["subsets"]>[number];
type Address = NonNullable<Subset["addresses"]>[number];

/** As Kubernetes since 1.22: an Endpoints object is one value, and a larger one would be sent whole at each change. */
const addressLimit = 1000;

interface Entry {
  ports: EndpointPort[];
  address: Address;
  ready: boolean;
}

/** What an Endpoints object holds: addresses of the Service's primary family, by their set of ports. `truncated`: there were more than the limit; ready ones go first. */
export function subsetsOf(
  service: Service,
  pods: Iterable<Pod>,
  limit = addressLimit,
): { subsets: Subset[]; truncated: boolean } {
  const publishAll = service.spec?.publishNotReadyAddresses === true;
  const entries: Entry[] = [];
  const [family = "IPv4"] = familiesOf(service);
  for (const pod of pods) {
    const ip = endpointAddress(pod, family);
    if (ip === undefined || (isDeleting(pod) && !publishAll)) continue;
    const ports = endpointPorts(service, pod);
    // Only a headless Service may do without ports; of any other there is nothing to reach at this Pod.
    if (ports.length === 0 && service.spec?.clusterIP !== "None") continue;
    entries.push({ ports, address: addressOf(service, pod, ip), ready: publishAll || isReady(pod) });
  }
  entries.sort((a, b) => Number(b.ready) - Number(a.ready) || compareText(a.address.ip, b.address.ip));
  const kept = entries.slice(0, limit);
  const groups = new Map<string, Subset>();
  for (const { ports, address, ready } of kept) {
    const key = portsKey(ports);
    const subset = groups.get(key) ?? newSubset(ports);
    groups.set(key, subset);
    const field = ready ? "addresses" : "notReadyAddresses";
    subset[field] ??= [];
    subset[field].push(address);
  }
  const subsets = [...groups].sort(([a], [b]) => compareText(a, b)).map(([, subset]) => subset);
  return { subsets, truncated: entries.length > limit };
}

function newSubset(ports: readonly EndpointPort[]): Subset {
  if (ports.length === 0) return {};
  return {
    ports: ports.map(({ name, port = 0, protocol, appProtocol }) => ({
      ...(name && { name }),
      port,
      protocol,
      ...(appProtocol && { appProtocol }),
    })),
  };
}

function addressOf(service: Service, pod: Pod, ip: string): Address {
  const { nodeName, hostname, subdomain } = pod.spec ?? {};
  return {
    ip,
    ...(hostname && subdomain === service.metadata?.name && { hostname }),
    ...(nodeName && { nodeName }),
    targetRef: { kind: "Pod", name: pod.metadata?.name, namespace: pod.metadata?.namespace, uid: uidOf(pod) },
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

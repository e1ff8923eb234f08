/** The downward API: what a container may learn of its own Pod (core/v1 ObjectFieldSelector and ResourceFieldSelector). Pure. */

import { parseQuantity } from "../../kubernetes/quantity.ts";
import type { Container, Node, Pod } from "../../kubernetes/types.ts";

/** One address of each family that the node has, the primary one first. */
export interface KnownAddresses {
  podIPs: readonly string[];
  hostIPs: readonly string[];
}

/** Undefined when the path is none that Kubernetes offers. A label or annotation that is not set is "". */
export function fieldValue(pod: Pod, path: string, addresses: KnownAddresses): string | undefined {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (subscript !== null) return metadata?.[subscript[1] as "labels" | "annotations"]?.[subscript[2] ?? ""] ?? "";
  switch (path) {
    case "metadata.name":
      return metadata?.name ?? "";
    case "metadata.namespace":
      return metadata?.namespace ?? "";
    case "metadata.uid":
      return metadata?.uid ?? "";
    case "metadata.labels":
      return formatMap(metadata?.labels);
    case "metadata.annotations":
      return formatMap(metadata?.annotations);
    case "spec.nodeName":
      return spec?.nodeName ?? "";
    case "spec.serviceAccountName":
      return spec?.serviceAccountName ?? "";
    case "status.hostIP":
      return addresses.hostIPs[0] ?? "";
    case "status.hostIPs":
      return addresses.hostIPs.join();
    case "status.podIP":
      return addresses.podIPs[0] ?? "";
    case "status.podIPs":
      return addresses.podIPs.join();
    default:
      return undefined;
  }
}

/** One key="value" a line, sorted: what a downwardAPI volume holds for all labels or annotations. */
function formatMap(map: Record<string, string> = {}): string {
  const lines = Object.keys(map).sort();
  return lines.map((key) => `${key}=${JSON.stringify(map[key])}`).join("\n");
}

export interface ResourceReference {
  containerName?: string;
  resource: string;
  divisor?: string;
}

/** Limits that are not set are the node's allocatable, requests that are not set are 0. Undefined for an unknown resource. */
export function resourceValue(
  pod: Pod,
  reference: ResourceReference,
  node: Pick<Node, "status">,
  ownName = "",
): string | undefined {
  const [kind = "", name = ""] = reference.resource.split(/\.(.*)/s);
  if ((kind !== "limits" && kind !== "requests") || name === "") return undefined;
  const wanted = reference.containerName || ownName;
  const containers: Container[] = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const resources = containers.find((container) => container.name === wanted)?.resources;
  const given = resources?.[kind]?.[name] ?? (kind === "limits" ? node.status?.allocatable?.[name] : undefined) ?? "0";
  const divisor = parseQuantity(reference.divisor && reference.divisor !== "0" ? reference.divisor : "1");
  const value = parseQuantity(given);
  if (value === undefined || divisor === undefined || divisor === 0) return undefined;
  return String(Math.ceil(value / divisor - 1e-9));
}

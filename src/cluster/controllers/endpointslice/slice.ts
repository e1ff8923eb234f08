import type { IPFamily } from "../../../kubernetes/ip-family.ts";
import { apiVersionOf, services } from "../../../kubernetes/resource.ts";
import type { EndpointSlice, Service } from "../../../kubernetes/types.ts";
import { serviceNameLabel } from "../shared/caches.ts";
import { controllerReference } from "../shared/keys.ts";
import type { PortGroup } from "./desired.ts";

export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
export const headlessLabel = "service.kubernetes.io/headless";
export const sliceManager = "endpointslice-controller.k8s.io";

/** The Service's own labels, and those that the controller owns. kube-proxy passes over what is labelled headless. */
export function sliceLabels(service: Service, manager = sliceManager): Record<string, string> {
  const { [headlessLabel]: _, ...own } = service.metadata?.labels ?? {};
  return {
    ...own,
    [serviceNameLabel]: service.metadata?.name ?? "",
    [managedByLabel]: manager,
    ...(service.spec?.clusterIP === "None" && { [headlessLabel]: "" }),
  };
}

export function newSlice(
  service: Service,
  addressType: IPFamily,
  { ports, endpoints }: PortGroup,
  annotations: Record<string, string>,
  manager = sliceManager,
): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      // The server cuts the Service's name when it is too long for a suffix.
      generateName: `${service.metadata?.name}-`,
      namespace: service.metadata?.namespace,
      labels: sliceLabels(service, manager),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ownerReferences: [controllerReference(service, apiVersionOf(services), services.kind)],
    },
    addressType,
    endpoints,
    ports,
  };
}

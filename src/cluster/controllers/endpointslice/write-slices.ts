import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { endpointSlices as sliceResource } from "../../../kubernetes/resource.ts";
import type { EndpointSlice, Service } from "../../../kubernetes/types.ts";
import { equal } from "../shared/equal.ts";
import { unlessGone } from "../shared/gone.ts";
import type { WriteTracker } from "../shared/write-tracker.ts";
import type { PortGroup } from "./desired.ts";
import { pack } from "./pack.ts";
import { newSlice, sliceLabels } from "./slice.ts";
import { triggerTimeAnnotation } from "./trigger-time.ts";

export interface SliceWrites {
  client: KubernetesClient;
  tracker: WriteTracker<EndpointSlice>;
  service: Service;
  /** Value of endpointslice.kubernetes.io/managed-by. */
  manager?: string;
  existing: readonly EndpointSlice[];
  desired: ReadonlyMap<string, PortGroup>;
  triggerTime?: string;
}

/**
 * Makes a Service's slices hold the desired endpoints: creates and updates before it deletes, so that an endpoint that moves to another slice
 * never is in none.
 */
export async function writeSlices(writes: SliceWrites): Promise<void> {
  const { client, tracker, service, manager, existing, desired, triggerTime } = writes;
  const namespace = service.metadata?.namespace;
  // The address type cannot change; a slice of another family is somebody's mistake.
  const usable = existing.filter(({ addressType }) => addressType === "IPv4");
  const byName = new Map(usable.map((slice) => [slice.metadata?.name ?? "", slice]));
  const packing = pack(
    usable.map(({ metadata, ports, endpoints }) => {
      return { name: metadata?.name ?? "", ports: ports ?? [], endpoints: endpoints ?? [] };
    }),
    desired,
  );
  const annotations: Record<string, string> = triggerTime === undefined ? {} : { [triggerTimeAnnotation]: triggerTime };
  const labels = sliceLabels(service, manager);
  for (const group of packing.create) {
    const slice = newSlice(service, group, annotations, manager);
    tracker.wrote(await client.create(sliceResource, slice, { namespace }));
  }
  const updates = new Map(packing.update.map(({ name, endpoints }) => [name, endpoints]));
  for (const name of [...updates.keys(), ...packing.keep]) {
    const slice = byName.get(name);
    const endpoints = updates.get(name);
    if (slice === undefined || (endpoints === undefined && equal(slice.metadata?.labels, labels))) continue;
    const { [triggerTimeAnnotation]: _, ...others } = slice.metadata?.annotations ?? {};
    tracker.wrote(
      await client.update<EndpointSlice>(
        sliceResource,
        {
          ...slice,
          apiVersion: "discovery.k8s.io/v1",
          kind: "EndpointSlice",
          metadata: { ...slice.metadata, labels, annotations: { ...others, ...annotations } },
          endpoints: endpoints ?? slice.endpoints,
        },
        { namespace },
      ),
    );
  }
  const foreign = existing.filter(({ addressType }) => addressType !== "IPv4");
  for (const name of [...packing.remove, ...foreign.map(({ metadata }) => metadata?.name ?? "")]) {
    await unlessGone(client.delete(sliceResource, name, { namespace }));
    const removed = byName.get(name);
    if (removed !== undefined) tracker.removed(removed);
  }
}

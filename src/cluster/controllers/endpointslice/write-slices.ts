import type { KubernetesClient } from "../../../kubernetes/client.ts";
import type { IPFamily } from "../../../kubernetes/ip-family.ts";
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
  /** For each family of the Service. */
  desired: ReadonlyMap<IPFamily, ReadonlyMap<string, PortGroup>>;
  triggerTime?: string;
}

/**
 * Makes a Service's slices hold the desired endpoints: creates and updates before it deletes, so that an endpoint that moves to another slice
 * never is in none. The address type of a slice cannot change: each family has slices of its own, and those of one that the Service does not
 * have go.
 */
export async function writeSlices(writes: SliceWrites): Promise<void> {
  const { existing, desired } = writes;
  const gone = existing.filter(({ addressType }) => !desired.has(addressType as IPFamily));
  for (const [family, groups] of desired) {
    const slices = existing.filter(({ addressType }) => addressType === family);
    gone.push(...(await writeFamily(writes, family, slices, groups)));
  }
  for (const slice of gone) {
    const { name = "", namespace } = slice.metadata ?? {};
    await unlessGone(writes.client.delete(sliceResource, name, { namespace }));
    writes.tracker.removed(slice);
  }
}

/** Resolves to the slices that are no longer needed. */
async function writeFamily(
  { client, tracker, service, manager, triggerTime }: SliceWrites,
  family: IPFamily,
  existing: readonly EndpointSlice[],
  desired: ReadonlyMap<string, PortGroup>,
): Promise<EndpointSlice[]> {
  const namespace = service.metadata?.namespace;
  const byName = new Map(existing.map((slice) => [slice.metadata?.name ?? "", slice]));
  const packing = pack(
    existing.map(({ metadata, ports, endpoints }) => {
      return { name: metadata?.name ?? "", ports: ports ?? [], endpoints: endpoints ?? [] };
    }),
    desired,
  );
  const annotations: Record<string, string> = triggerTime === undefined ? {} : { [triggerTimeAnnotation]: triggerTime };
  const labels = sliceLabels(service, manager);
  for (const group of packing.create) {
    const slice = newSlice(service, family, group, annotations, manager);
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
  return packing.remove.flatMap((name) => byName.get(name) ?? []);
}

import { services as serviceResource } from "../../../kubernetes/resource.ts";
import type { Service } from "../../../kubernetes/types.ts";
import type { Collection } from "../../storage/collection.ts";
import type { Store } from "../../storage/store.ts";
import type { ServiceAllocator } from "../allocation/service-allocator.ts";
import { initializeIPFamilies } from "../kinds/service/ip-families.ts";
import { same } from "../kinds/validation/errors.ts";
import type { KindHooks } from "../registry.ts";
import { invalid } from "../status.ts";

/** Services get address families, cluster addresses and node ports in the write itself, and give them back with it. */
export function serviceHooks(allocator: ServiceAllocator, store: Store, services: Collection): KindHooks {
  const rebuild = () => allocator.rebuild(objectsOf(services));
  store.onRollback(rebuild);
  rebuild();
  const initialize = (service: Service, old?: Service) => {
    const errors = initializeIPFamilies(service, old, allocator.families);
    if (errors.length > 0) throw invalid(serviceResource, service.metadata?.name ?? "", errors);
  };
  return {
    admitCreate: (object) => initialize(object as Service),
    admitUpdate(object, old) {
      // A status or a label that changes is no time to ask what families the cluster has by now.
      if (!same((object as Service).spec, (old as Service).spec)) initialize(object as Service, old as Service);
    },
    allocate: (object, old) => allocator.allocate(object as Service, old as Service | undefined),
    release: (object) => allocator.release(object as Service),
  };
}

function* objectsOf(services: Collection): Iterable<Service> {
  for (const { object } of services.latestEntries()) yield object as Service;
}

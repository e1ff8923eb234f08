import type { Service } from "../../../kubernetes/types.ts";
import type { Collection } from "../../storage/collection.ts";
import type { Store } from "../../storage/store.ts";
import type { ServiceAllocator } from "../allocation/service-allocator.ts";
import type { KindHooks } from "../registry.ts";

/** Services get cluster addresses and node ports in the write itself, and give them back with it. */
export function serviceHooks(allocator: ServiceAllocator, store: Store, services: Collection): KindHooks {
  const rebuild = () => allocator.rebuild(objectsOf(services));
  store.onRollback(rebuild);
  rebuild();
  return {
    allocate: (object, old) => allocator.allocate(object as Service, old as Service | undefined),
    release: (object) => allocator.release(object as Service),
  };
}

function* objectsOf(services: Collection): Iterable<Service> {
  for (const { object } of services.latestEntries()) yield object as Service;
}

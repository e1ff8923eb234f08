import { matchesLabels } from "../../../kubernetes/label-selector.ts";
import type { Pod, Service } from "../../../kubernetes/types.ts";
import type { Caches } from "./caches.ts";
import { type Index, indexBy, labelValue, selectFrom } from "./index-by.ts";

/** Which Services select a Pod and which Pods a Service, each found through labels instead of by looking at all. */
export interface ServicePods {
  servicesOf(pod: Pod): Service[];
  podsOf(service: Service): Pod[];
}

export function indexServicePods(caches: Caches): ServicePods {
  /** By the first pair of the selector: a Pod can only be selected by Services found under one of its own labels. */
  const byPair: Index<Service> = indexBy(caches.services, ({ metadata, spec }) => {
    const [pair] = Object.entries(spec?.selector ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    return pair === undefined ? [] : [labelValue(metadata?.namespace ?? "", pair[0], pair[1])];
  });
  return {
    servicesOf({ metadata }) {
      const { namespace = "", labels = {} } = metadata ?? {};
      return Object.entries(labels).flatMap(([key, value]) =>
        byPair.get(labelValue(namespace, key, value)).filter(({ spec }) => matchesLabels(spec?.selector ?? {}, labels)),
      );
    },
    podsOf: ({ metadata, spec }) => selectFrom(caches.podsByLabel, metadata?.namespace ?? "", spec?.selector ?? {}),
  };
}

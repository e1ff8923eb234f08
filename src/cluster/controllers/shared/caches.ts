import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { startReflector } from "../../../kubernetes/list-watch.ts";
import type { Reflector } from "../../../kubernetes/reflector.ts";
import * as resources from "../../../kubernetes/resource.ts";
import type {
  ConfigMap,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  KubernetesObject,
  Lease,
  Namespace,
  Node,
  Pod,
  ReplicaSet,
  Service,
  ServiceAccount,
} from "../../../kubernetes/types.ts";
import { WatchTrouble } from "../../../kubernetes/watch-trouble.ts";
import type { Logger } from "../../../role/log.ts";
import { type Index, indexBy, labelValuesOf } from "./index-by.ts";
import { controllerOf } from "./keys.ts";

/**
 * What all controllers see, read once for all of them: one list and watch per resource, under the identity `shared-cache`, which may
 * only read. Each controller writes with its own.
 */
export interface Caches {
  pods: Reflector<Pod>;
  nodes: Reflector<Node>;
  services: Reflector<Service>;
  endpoints: Reflector<Endpoints>;
  endpointSlices: Reflector<EndpointSlice>;
  deployments: Reflector<Deployment>;
  replicaSets: Reflector<ReplicaSet>;
  daemonSets: Reflector<DaemonSet>;
  namespaces: Reflector<Namespace>;
  leases: Reflector<Lease>;
  configMaps: Reflector<ConfigMap>;
  serviceAccounts: Reflector<ServiceAccount>;

  podsByNode: Index<Pod>;
  /** By uid of the controlling owner. */
  podsByController: Index<Pod>;
  /** Pods that nobody controls, by namespace. */
  orphanPods: Index<Pod>;
  /** See labelValue. */
  podsByLabel: Index<Pod>;
  replicaSetsByController: Index<ReplicaSet>;
  /** By namespace. */
  replicaSetsIn: Index<ReplicaSet>;
  deploymentsIn: Index<Deployment>;
  daemonSetsIn: Index<DaemonSet>;
  /** By "namespace/service". */
  slicesByService: Index<EndpointSlice>;

  synced: Promise<void>;
  stop(): void;
}

/** For the log. */
export const watchTrouble = "cannot follow the API; controllers go on from what they know";

export const serviceNameLabel = "kubernetes.io/service-name";

export function startCaches(client: KubernetesClient, log: Logger): Caches {
  const started: Reflector<KubernetesObject>[] = [];
  const trouble = new WatchTrouble(log, watchTrouble);
  const cache = <T extends KubernetesObject>(resource: resources.Resource): Reflector<T> => {
    const reflector = startReflector<T>(client, resource, { onError: trouble.of(resource.plural) });
    started.push(reflector as unknown as Reflector<KubernetesObject>);
    return reflector;
  };
  const pods = cache<Pod>(resources.pods);
  const replicaSets = cache<ReplicaSet>(resources.replicaSets);
  const deployments = cache<Deployment>(resources.deployments);
  const daemonSets = cache<DaemonSet>(resources.daemonSets);
  const endpointSlices = cache<EndpointSlice>(resources.endpointSlices);
  return {
    pods,
    replicaSets,
    deployments,
    daemonSets,
    endpointSlices,
    nodes: cache(resources.nodes),
    services: cache(resources.services),
    endpoints: cache(resources.endpoints),
    namespaces: cache(resources.namespaces),
    leases: cache(resources.leases),
    configMaps: cache(resources.configMaps),
    serviceAccounts: cache(resources.serviceAccounts),
    podsByNode: indexBy(pods, ({ spec }) => (spec?.nodeName ? [spec.nodeName] : [])),
    podsByController: indexBy(pods, controllerUid),
    orphanPods: indexBy(pods, (pod) => (controllerOf(pod) === undefined ? inNamespace(pod) : [])),
    podsByLabel: indexBy(pods, labelValuesOf),
    replicaSetsByController: indexBy(replicaSets, controllerUid),
    replicaSetsIn: indexBy(replicaSets, inNamespace),
    deploymentsIn: indexBy(deployments, inNamespace),
    daemonSetsIn: indexBy(daemonSets, inNamespace),
    slicesByService: indexBy(endpointSlices, ({ metadata }) => {
      const service = metadata?.labels?.[serviceNameLabel];
      return service === undefined ? [] : [`${metadata?.namespace}/${service}`];
    }),
    synced: Promise.all(started.map(({ synced }) => synced)).then(() => {}),
    stop: () => {
      for (const reflector of started) reflector.stop();
    },
  };
}

function controllerUid(object: KubernetesObject): string[] {
  const uid = controllerOf(object)?.uid;
  return uid === undefined ? [] : [uid];
}

function inNamespace(object: KubernetesObject): string[] {
  return [object.metadata?.namespace ?? ""];
}

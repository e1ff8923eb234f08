import type { ClusterConfig } from "../../config.ts";
import type { Store } from "../../storage/store.ts";
import type { ServiceAddresses } from "../allocation/addresses.ts";
import { ServiceAllocator } from "../allocation/service-allocator.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import { escalationHooks } from "../authorization/escalation.ts";
import type { KindHooks } from "../registry.ts";
import { leaseHooks } from "./leases.ts";
import { namespaceHooks } from "./namespaces.ts";
import { nodeHooks } from "./nodes.ts";
import { podHooks } from "./pods.ts";
import { serviceHooks } from "./services.ts";

export interface HookParts {
  config: Pick<ClusterConfig, "timings">;
  store: Store;
  authorizer: Authorizer;
  addresses: ServiceAddresses;
}

/** The kinds that need more of the server than their descriptor says, by "deployments.apps". */
export function createHooks({ config, store, authorizer, addresses }: HookParts): Record<string, KindHooks> {
  const hooks: Record<string, KindHooks> = {
    namespaces: namespaceHooks(),
    nodes: nodeHooks(),
    "leases.coordination.k8s.io": leaseHooks(),
    pods: podHooks({
      serviceAccounts: store.collection("serviceaccounts"),
      podEviction: config.timings.podEviction,
    }),
    services: serviceHooks(new ServiceAllocator(addresses), store, store.collection("services")),
  };
  for (const plural of ["roles", "clusterroles", "rolebindings", "clusterrolebindings"]) {
    hooks[`${plural}.rbac.authorization.k8s.io`] = escalationHooks(authorizer, plural);
  }
  return hooks;
}

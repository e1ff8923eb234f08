import type { Resource } from "../../kubernetes/resource.ts";
import {
  clusterRoleBindings,
  clusterRoles,
  endpointSlices,
  endpoints,
  namespaces,
  serviceAccounts,
  services,
} from "../../kubernetes/resource.ts";
import type {
  ClusterRole,
  ClusterRoleBinding,
  EndpointSlice,
  Endpoints,
  KubernetesObject,
  Namespace,
  Service,
  ServiceAccount,
} from "../../kubernetes/types.ts";
import type { ClusterConfig } from "../config.ts";
import type { Entry, Stored } from "../storage/store.ts";
import type { BootstrapPolicy } from "./authorization/bootstrap-policy.ts";
import type { ApiContext } from "./context.ts";
import { createObject } from "./create.ts";
import { keyOfObject, type ServedKind } from "./registry.ts";
import { mainUpdate, updateObject } from "./update.ts";
import { copyOf } from "./write.ts";

export interface Bootstrap {
  config: Pick<ClusterConfig, "apiAddress" | "apiPort">;
  /** ClusterIP of the Service kubernetes. */
  kubernetesAddress: string;
  policy: BootstrapPolicy;
}

/**
 * The objects that every cluster starts with. What is there already is brought to this state; the rest of a stored cluster stays. All of it is
 * one group commit: each write sees the ones before it.
 */
export async function bootstrapObjects(context: ApiContext, { config, kubernetesAddress, policy }: Bootstrap) {
  await Promise.all([
    ...["default", "kube-system", "kube-public", "kube-node-lease"].flatMap((name) => [
      ensure<Namespace>(context, namespaces, { metadata: { name } }),
      // A controller makes them in later namespaces; here the first Pod must not have to wait for it.
      ensure<ServiceAccount>(context, serviceAccounts, { metadata: { name: "default", namespace: name } }),
    ]),
    ...policy.roles.map((role) =>
      ensure<ClusterRole>(context, clusterRoles, role, (existing) => {
        existing.rules = role.rules;
      }),
    ),
    ...policy.bindings.map((binding) =>
      ensure<ClusterRoleBinding>(context, clusterRoleBindings, binding, (existing) => {
        existing.subjects = binding.subjects;
      }),
    ),
    ...ensureKubernetesService(context, config, kubernetesAddress),
  ]);
}

/** The Service kubernetes, by which Pods reach this server. */
function ensureKubernetesService(
  context: ApiContext,
  { apiAddress, apiPort }: Bootstrap["config"],
  clusterIP: string,
): Promise<void>[] {
  const metadata = { name: "kubernetes", namespace: "default" };
  const servicePorts = [{ name: "https", port: 443, protocol: "TCP", targetPort: apiPort }];
  const service: Service = {
    metadata: { ...metadata, labels: { component: "apiserver", provider: "kubernetes" } },
    spec: { type: "ClusterIP", clusterIP, clusterIPs: [clusterIP], ports: servicePorts },
  };
  const ports = [{ name: "https", port: apiPort, protocol: "TCP" }];
  const subsets = [{ addresses: [{ ip: apiAddress }], ports }];
  const slice = [{ addresses: [apiAddress], conditions: { ready: true } }];
  return [
    ensure<Service>(context, services, service, (existing) => {
      existing.spec!.ports = servicePorts;
    }),
    // The controller for slices of hand-written Endpoints must not mirror what has a slice of its own.
    ensure<Endpoints>(
      context,
      endpoints,
      { metadata: { ...metadata, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } }, subsets },
      (existing) => {
        existing.subsets = subsets;
      },
    ),
    ensure<EndpointSlice>(
      context,
      endpointSlices,
      {
        metadata: { ...metadata, labels: { "kubernetes.io/service-name": "kubernetes" } },
        addressType: "IPv4",
        endpoints: slice,
        ports,
      },
      (existing) => {
        existing.endpoints = slice;
        existing.ports = ports;
      },
    ),
  ];
}

const systemUser = { name: "system:apiserver", groups: ["system:masters"] };

/** Creates the object, or brings an existing one to what it should be. */
async function ensure<T extends KubernetesObject>(
  context: ApiContext,
  resource: Resource,
  wanted: T,
  adjust: (existing: T) => void = () => {},
): Promise<void> {
  const kind: ServedKind = context.registry.get(resource);
  const { namespace = "", name = "" } = wanted.metadata ?? {};
  const options = { user: systemUser, dryRun: false, validation: "Strict" as const, warnings: [] };
  const { group, version } = resource;
  const apiVersion = group === "" ? version : `${group}/${version}`;
  const object = structuredClone({ apiVersion, kind: resource.kind, ...wanted }) as unknown as Stored;
  if (kind.collection.latest(keyOfObject(resource, object)) === undefined) {
    await createObject(context, kind, object, { namespace, name: "" }, options);
    return;
  }
  const change = (old: Entry) => {
    const copy = copyOf<Stored>(old);
    adjust(copy as unknown as T);
    return copy;
  };
  await updateObject(context, kind, { namespace, name }, change, mainUpdate(kind), options);
}

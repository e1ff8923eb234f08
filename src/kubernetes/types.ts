/**
 * The Kubernetes types this project speaks, by their API names. Type-only: nothing of this file exists at run time.
 * Fields that Kubernetes got after the type package was published are added here, with the version that has them.
 */
import type * as discovery from "kubernetes-types/discovery/v1.js";
import type { ObjectMeta, OwnerReference } from "kubernetes-types/meta/v1.js";

export type { DaemonSet, Deployment, ReplicaSet } from "kubernetes-types/apps/v1.js";
export type { Lease } from "kubernetes-types/coordination/v1.js";
export type {
  ConfigMap,
  Container,
  ContainerStatus,
  Endpoints,
  Event,
  Namespace,
  Node,
  NodeCondition,
  Pod,
  PodCondition,
  PodSpec,
  PodTemplateSpec,
  Probe,
  Secret,
  Service,
  ServiceAccount,
  ServicePort,
  Taint,
  Toleration,
} from "kubernetes-types/core/v1.js";
export type { LabelSelector } from "kubernetes-types/meta/v1.js";
export type { Ingress, IngressClass } from "kubernetes-types/networking/v1.js";
export type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
} from "kubernetes-types/rbac/v1.js";
export type { ObjectMeta, OwnerReference };

/** forNodes: KEP-3015, Kubernetes 1.33. */
export interface Endpoint extends discovery.Endpoint {
  hints?: discovery.EndpointHints & { forNodes?: { name: string }[] };
}
export interface EndpointSlice extends Omit<discovery.EndpointSlice, "endpoints"> {
  endpoints: Endpoint[];
}

/** What every stored object has. Objects read from the API or a cache are immutable: copy before you change one. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** A list as the API returns it. `metadata.resourceVersion` is the point a watch continues from. */
export interface KubernetesList<T extends KubernetesObject = KubernetesObject> {
  apiVersion?: string;
  kind?: string;
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
  items: T[];
}

/** One event of a watch stream. ERROR carries a Status; BOOKMARK carries only a resourceVersion. */
export type WatchEvent<T extends KubernetesObject = KubernetesObject> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: T }
  | { type: "BOOKMARK"; object: T }
  | { type: "ERROR"; object: Status };

/** The API's answer to whatever is not an object; errors are made of it. */
export interface Status {
  apiVersion: "v1";
  kind: "Status";
  metadata: Record<string, unknown>;
  status: "Success" | "Failure";
  message?: string;
  reason?: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    uid?: string;
    causes?: { reason?: string; message?: string; field?: string }[];
    retryAfterSeconds?: number;
  };
  code?: number;
}

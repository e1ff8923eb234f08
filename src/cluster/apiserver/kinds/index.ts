import { configMap } from "./config-map.ts";
import { daemonSet } from "./daemon-set.ts";
import { deployment } from "./deployment.ts";
import type { KindDescriptor } from "./descriptor.ts";
import { endpointSlice } from "./endpoint-slice.ts";
import { endpoints } from "./endpoints.ts";
import { event } from "./event.ts";
import { ingress } from "./ingress.ts";
import { ingressClass } from "./ingress-class.ts";
import { lease } from "./lease.ts";
import { namespace } from "./namespace.ts";
import { node } from "./node.ts";
import { pod } from "./pod/pod.ts";
import { replicaSet } from "./replica-set.ts";
import { clusterRole, role } from "./role.ts";
import { clusterRoleBinding, roleBinding } from "./role-binding.ts";
import { secret } from "./secret.ts";
import { service } from "./service/service.ts";
import { serviceAccount } from "./service-account.ts";

/** Every kind that the API server serves, in the order of discovery documents (and so of `kubectl api-resources` within a group). */
export const kinds: KindDescriptor[] = [
  configMap,
  endpoints,
  event,
  namespace,
  node,
  pod,
  secret,
  serviceAccount,
  service,
  daemonSet,
  deployment,
  replicaSet,
  lease,
  endpointSlice,
  ingressClass,
  ingress,
  clusterRoleBinding,
  clusterRole,
  roleBinding,
  role,
];

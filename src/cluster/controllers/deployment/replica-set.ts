import { apiVersionOf, deployments } from "../../../kubernetes/resource.ts";
import type { Deployment, ReplicaSet } from "../../../kubernetes/types.ts";
import { controllerReference } from "../shared/keys.ts";
import { currentAnnotations, sizeAnnotations } from "./revision.ts";
import { maxSurgeOf } from "./status.ts";
import { hashLabel, templateHash, withoutHash } from "./template-hash.ts";

/** The ReplicaSet to be created for a Deployment's present template: "NAME-HASH", told apart from its siblings by the hash label. */
export function newReplicaSet(deployment: Deployment, revision: number, size: number): ReplicaSet {
  const template = withoutHash(deployment.spec?.template);
  const hash = templateHash(deployment.spec?.template, deployment.status?.collisionCount ?? 0);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const { selector, replicas = 1, minReadySeconds } = deployment.spec ?? {};
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.metadata?.name}-${hash}`,
      namespace: deployment.metadata?.namespace,
      labels,
      annotations: {
        ...currentAnnotations(deployment, {}, revision),
        ...sizeAnnotations(replicas, maxSurgeOf(deployment)),
      },
      ownerReferences: [controllerReference(deployment, apiVersionOf(deployments), deployments.kind)],
    },
    spec: {
      replicas: size,
      ...(minReadySeconds !== undefined && { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

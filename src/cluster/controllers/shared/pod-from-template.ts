import { apiVersionOf, type Resource } from "../../../kubernetes/resource.ts";
import type { KubernetesObject, Pod, PodTemplateSpec } from "../../../kubernetes/types.ts";
import { controllerReference } from "./keys.ts";

/** A Pod to be created for an owner; the API server completes its name from "OWNER-". */
export function podFromTemplate(template: PodTemplateSpec, owner: KubernetesObject, resource: Resource): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${owner.metadata?.name}-`,
      namespace: owner.metadata?.namespace,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [controllerReference(owner, apiVersionOf(resource), resource.kind)],
    },
    ...(template.spec && { spec: template.spec }),
  };
}

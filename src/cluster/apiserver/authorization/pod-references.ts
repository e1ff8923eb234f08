import type { Pod, PodSpec } from "../../../kubernetes/types.ts";

const known = new WeakMap<Pod, Set<string>>();

/** What a Pod's node must read to run it: "secrets/NAME", "configmaps/NAME", "serviceaccounts/NAME", all in the Pod's namespace. */
export function referencesOf(pod: Pod): Set<string> {
  let found = known.get(pod);
  if (found === undefined) {
    found = new Set(references(pod.spec));
    // Stored objects never change, so neither does this.
    known.set(pod, found);
  }
  return found;
}

function* references(spec: PodSpec | undefined): Iterable<string> {
  if (spec === undefined) return;
  yield `serviceaccounts/${spec.serviceAccountName ?? "default"}`;
  for (const { name } of spec.imagePullSecrets ?? []) yield `secrets/${name}`;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    for (const { secretRef, configMapRef } of container.envFrom ?? []) {
      if (secretRef !== undefined) yield `secrets/${secretRef.name}`;
      if (configMapRef !== undefined) yield `configmaps/${configMapRef.name}`;
    }
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.secretKeyRef !== undefined) yield `secrets/${valueFrom.secretKeyRef.name}`;
      if (valueFrom?.configMapKeyRef !== undefined) yield `configmaps/${valueFrom.configMapKeyRef.name}`;
    }
  }
  for (const { secret, configMap, projected } of spec.volumes ?? []) {
    if (secret !== undefined) yield `secrets/${secret.secretName}`;
    if (configMap !== undefined) yield `configmaps/${configMap.name}`;
    for (const source of projected?.sources ?? []) {
      if (source.secret !== undefined) yield `secrets/${source.secret.name}`;
      if (source.configMap !== undefined) yield `configmaps/${source.configMap.name}`;
    }
  }
}

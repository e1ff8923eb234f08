import { randomBytes } from "node:crypto";
import type { Pod, PodSpec } from "../../../../kubernetes/types.ts";
import { setStatus } from "../define.ts";
import { same } from "../validation/errors.ts";

/** Where every container finds its token, the cluster's CA and its namespace. */
const tokenDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";
/** An hour and seven seconds, as Kubernetes: long-lived tokens of other clients can be told from these. */
const tokenSeconds = 3607;

/** What Kubernetes' admission does to a new Pod: its identity with a projected token, priority and QoS class. */
export function preparePodForCreate(pod: Pod): void {
  const spec = pod.spec;
  if (spec === undefined) return;
  spec.serviceAccountName ||= spec.serviceAccount || "default";
  spec.serviceAccount = spec.serviceAccountName;
  spec.priority ??= 0;
  spec.preemptionPolicy ??= "PreemptLowerPriority";
  if (spec.automountServiceAccountToken !== false) mountToken(spec);
  setStatus(pod, { phase: "Pending", qosClass: qosClass(spec) });
}

function mountToken(spec: PodSpec): void {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const without = containers.filter(
    ({ volumeMounts }) => !volumeMounts?.some(({ mountPath }) => mountPath === tokenDirectory),
  );
  if (without.length === 0) return;
  const prefix = "kube-api-access-";
  const name = spec.volumes?.find((volume) => volume.name?.startsWith(prefix))?.name ?? `${prefix}${suffix()}`;
  for (const container of without) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, mountPath: tokenDirectory, readOnly: true }];
  }
  if (spec.volumes?.some((volume) => volume.name === name)) return;
  const sources = [
    { serviceAccountToken: { expirationSeconds: tokenSeconds, path: "token" } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    {
      downwardAPI: {
        items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
      },
    },
  ];
  spec.volumes = [...(spec.volumes ?? []), { name, projected: { defaultMode: 0o644, sources } }];
}

/** Five characters of the alphabet of generated names, which has no vowels and so makes no words. */
function suffix(): string {
  const alphabet = "bcdfghjklmnpqrstvwxz2456789";
  return Array.from(randomBytes(5), (byte) => alphabet[byte % alphabet.length]).join("");
}

/** Guaranteed: every container limits cpu and memory to what it requests; BestEffort: none asks for either; else Burstable. */
function qosClass(spec: PodSpec): string {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const names = ["cpu", "memory"];
  const asksFor = (list: Record<string, string> | undefined) => names.some((name) => list?.[name] !== undefined);
  if (!containers.some(({ resources }) => asksFor(resources?.requests) || asksFor(resources?.limits))) {
    return "BestEffort";
  }
  const guaranteed = containers.every(({ resources }) =>
    names.every((name) => {
      const limit = resources?.limits?.[name];
      return limit !== undefined && same(limit, resources?.requests?.[name] ?? limit);
    }),
  );
  return guaranteed ? "Guaranteed" : "Burstable";
}

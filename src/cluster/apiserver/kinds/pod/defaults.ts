import type { Container, Pod, PodSpec, PodTemplateSpec, Probe } from "../../../../kubernetes/types.ts";

/** 0644: the mode of files in configMap, secret, downwardAPI and projected volumes. */
const defaultFileMode = 0o644;

/** What the API fills in for a Pod itself, beyond what every Pod spec gets. */
export function setPodDefaults(pod: Pod): void {
  pod.spec ??= { containers: [] };
  const { spec } = pod;
  setPodSpecDefaults(spec);
  spec.enableServiceLinks ??= true;
  for (const container of allContainers(spec)) requestWhatIsLimited(container);
}

/** What the API fills in for the template of a Deployment, ReplicaSet or DaemonSet. */
export function setTemplateDefaults(spec: { template?: PodTemplateSpec }): void {
  spec.template ??= {};
  spec.template.spec ??= { containers: [] };
  setPodSpecDefaults(spec.template.spec);
}

function setPodSpecDefaults(spec: PodSpec): void {
  spec.restartPolicy ||= "Always";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ||= "ClusterFirst";
  spec.securityContext ??= {};
  spec.schedulerName ||= "default-scheduler";
  for (const container of allContainers(spec)) setContainerDefaults(container, spec.hostNetwork === true);
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
}

function allContainers(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}

function setContainerDefaults(container: Container, hostNetwork: boolean): void {
  container.imagePullPolicy ||= isLatest(container.image ?? "") ? "Always" : "IfNotPresent";
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  container.resources ??= {};
  for (const port of container.ports ?? []) {
    port.protocol ||= "TCP";
    if (hostNetwork) port.hostPort ||= port.containerPort;
  }
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= "v1";
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe !== undefined) setProbeDefaults(probe);
  }
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
    if (handler?.httpGet) setHttpGetDefaults(handler.httpGet);
  }
}

/** An image without a tag or digest means the tag latest, which is pulled every time. */
function isLatest(image: string): boolean {
  if (image.includes("@")) return false;
  const name = image.slice(image.lastIndexOf("/") + 1);
  return !name.includes(":") || name.endsWith(":latest");
}

function setProbeDefaults(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) setHttpGetDefaults(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= "";
}

function setHttpGetDefaults(action: NonNullable<Probe["httpGet"]>): void {
  action.path ||= "/";
  action.scheme ||= "HTTP";
}

function setVolumeDefaults(volume: NonNullable<PodSpec["volumes"]>[number]): void {
  if (Object.keys(volume).every((field) => field === "name")) volume.emptyDir = {};
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected]) {
    if (source !== undefined) source.defaultMode ??= defaultFileMode;
  }
  if (volume.hostPath) volume.hostPath.type ??= "";
  const items = [...(volume.downwardAPI?.items ?? [])];
  for (const source of volume.projected?.sources ?? []) {
    items.push(...(source.downwardAPI?.items ?? []));
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
  }
  for (const { fieldRef } of items) {
    if (fieldRef !== undefined) fieldRef.apiVersion ||= "v1";
  }
}

/** A limit without a request is also the request. */
function requestWhatIsLimited({ resources }: Container): void {
  for (const [name, limit] of Object.entries(resources?.limits ?? {})) {
    resources!.requests ??= {};
    resources!.requests[name] ??= limit;
  }
}

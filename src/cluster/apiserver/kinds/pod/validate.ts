import { qualifiedNameErrors } from "../../../../kubernetes/labels.ts";
import type { Pod, PodSpec, PodTemplateSpec } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { duplicate, forbidden, invalid, required } from "../validation/errors.ts";
import {
  validateIP,
  validateLabelName,
  validateNonNegative,
  validateOneOf,
  validateSubdomain,
} from "../validation/fields.ts";
import { validateLabels } from "../validation/labels.ts";
import { validateAnnotations } from "../validation/metadata.ts";
import { validateContainers } from "./validate-containers.ts";
import { validateScheduling } from "./validate-scheduling.ts";
import { validateVolumes } from "./validate-volumes.ts";

const maxDeadlineSeconds = 2 ** 31 - 1;
const dnsPolicies = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
const maxNameservers = 3;

export function validatePod(pod: Pod): FieldError[] {
  const spec = pod.spec ?? { containers: [] };
  const errors = validatePodSpec("spec", spec);
  if ((spec.ephemeralContainers ?? []).length > 0) {
    errors.push(forbidden("spec.ephemeralContainers", "cannot be set on create"));
  }
  return errors;
}

/** The template of a Deployment, ReplicaSet or DaemonSet, all of which keep their Pods running. */
export function validatePodTemplate(template: PodTemplateSpec | undefined): FieldError[] {
  const path = "spec.template";
  const spec = template?.spec ?? { containers: [] };
  const errors = [
    ...validateLabels(`${path}.metadata.labels`, template?.metadata?.labels),
    ...validateAnnotations(`${path}.metadata.annotations`, template?.metadata?.annotations),
    ...validatePodSpec(`${path}.spec`, spec),
  ];
  if ((spec.ephemeralContainers ?? []).length > 0) {
    errors.push(forbidden(`${path}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template"));
  }
  if (spec.restartPolicy && ["Never", "OnFailure"].includes(spec.restartPolicy)) {
    errors.push(...validateOneOf(`${path}.spec.restartPolicy`, spec.restartPolicy, ["Always"]));
  }
  if (spec.activeDeadlineSeconds !== undefined) {
    errors.push(
      forbidden(`${path}.spec.activeDeadlineSeconds`, "activeDeadlineSeconds in ReplicaSet is not Supported"),
    );
  }
  return errors;
}

function validatePodSpec(path: string, spec: PodSpec): FieldError[] {
  return [
    ...validateVolumes(`${path}.volumes`, spec.volumes ?? []),
    ...validateContainers(path, spec),
    ...validateOneOf(`${path}.restartPolicy`, spec.restartPolicy ?? "", ["Always", "Never", "OnFailure"]),
    ...validateDns(path, spec),
    ...validateScheduling(path, spec),
    ...validateIdentity(path, spec),
    ...validateTimes(path, spec),
  ];
}

function validateDns(path: string, { dnsPolicy, dnsConfig, hostAliases = [] }: PodSpec): FieldError[] {
  const errors = validateOneOf(`${path}.dnsPolicy`, dnsPolicy ?? "", dnsPolicies);
  const nameservers = dnsConfig?.nameservers ?? [];
  if (dnsPolicy === "None" && nameservers.length === 0) {
    const problem = "must provide at least one DNS nameserver when `dnsPolicy` is None";
    errors.push(required(`${path}.dnsConfig.nameservers`, problem));
  }
  if (nameservers.length > maxNameservers) {
    const problem = `must not have more than ${maxNameservers} nameservers`;
    errors.push(invalid(`${path}.dnsConfig.nameservers`, nameservers, problem));
  }
  errors.push(
    ...nameservers.flatMap((server, index) => validateIP(`${path}.dnsConfig.nameservers[${index}]`, server)),
    ...(dnsConfig?.searches ?? []).flatMap((search, index) =>
      search === "." ? [] : validateSubdomain(`${path}.dnsConfig.searches[${index}]`, search.replace(/\.$/, "")),
    ),
  );
  for (const [index, { ip, hostnames = [] }] of hostAliases.entries()) {
    errors.push(...validateIP(`${path}.hostAliases[${index}].ip`, ip ?? ""));
    for (const hostname of hostnames) {
      errors.push(...validateSubdomain(`${path}.hostAliases[${index}].hostnames`, hostname));
    }
  }
  return errors;
}

function validateIdentity(path: string, spec: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, { name }] of (spec.imagePullSecrets ?? []).entries()) {
    if (!name) errors.push(required(`${path}.imagePullSecrets[${index}].name`));
  }
  for (const field of ["serviceAccountName", "nodeName"] as const) {
    const name = spec[field];
    if (name) errors.push(...validateSubdomain(`${path}.${field}`, name));
  }
  for (const field of ["hostname", "subdomain"] as const) {
    const name = spec[field];
    if (name) errors.push(...validateLabelName(`${path}.${field}`, name));
  }
  for (const [index, { conditionType }] of (spec.readinessGates ?? []).entries()) {
    const field = `${path}.readinessGates[${index}].conditionType`;
    errors.push(
      ...qualifiedNameErrors(conditionType ?? "").map((problem) => invalid(field, conditionType ?? "", problem)),
    );
  }
  return errors;
}

function validateTimes(path: string, spec: PodSpec): FieldError[] {
  const deadline = spec.activeDeadlineSeconds;
  const errors = validateNonNegative(`${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds);
  if (deadline !== undefined && (deadline < 1 || deadline > maxDeadlineSeconds)) {
    const problem = `must be between 1 and ${maxDeadlineSeconds}, inclusive`;
    errors.push(invalid(`${path}.activeDeadlineSeconds`, deadline, problem));
  }
  return errors;
}

/** What a node agent reports. */
export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const { hostIP, podIPs = [] } = pod.status ?? {};
  if (pod.spec?.nodeName !== old.spec?.nodeName) {
    errors.push(forbidden("status.nodeName", "may not be changed directly"));
  }
  if (hostIP) errors.push(...validateIP("status.hostIP", hostIP));
  const seen = new Set<string>();
  for (const [index, { ip }] of podIPs.entries()) {
    const field = `status.podIPs[${index}].ip`;
    errors.push(...validateIP(field, ip ?? ""));
    if (ip && seen.has(ip)) errors.push(duplicate(field, ip));
    seen.add(ip ?? "");
  }
  return errors;
}

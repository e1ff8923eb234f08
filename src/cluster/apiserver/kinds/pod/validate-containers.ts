import { qualifiedNameErrors } from "../../../../kubernetes/labels.ts";
import { parseQuantity } from "../../../../kubernetes/quantity.ts";
import type { Container, PodSpec } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { duplicate, forbidden, invalid, required } from "../validation/errors.ts";
import { protocols, validateIP, validateLabelName, validateOneOf, validatePortNumber } from "../validation/fields.ts";
import { portName } from "../validation/names.ts";
import { validateEnvironment } from "./validate-env.ts";
import { validateLifecycle, validateProbes } from "./validate-probes.ts";
import { validateVolumeMounts } from "./validate-volumes.ts";

/** Containers and init containers of a Pod spec at `path`. */
export function validateContainers(path: string, spec: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  const containers = spec.containers ?? [];
  if (containers.length === 0) errors.push(required(`${path}.containers`));
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    errors.push(...validateContainer(`${path}.containers[${index}]`, container, spec, names));
  }
  errors.push(...validateHostPorts(`${path}.containers`, containers));
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    const field = `${path}.initContainers[${index}]`;
    errors.push(...validateContainer(field, container, spec, names), ...validateInitContainer(field, container));
  }
  return errors;
}

function validateContainer(path: string, container: Container, spec: PodSpec, names: Set<string>): FieldError[] {
  const { name, image } = container;
  const errors: FieldError[] = [];
  if (!name) errors.push(required(`${path}.name`));
  else errors.push(...validateLabelName(`${path}.name`, name));
  if (name && names.has(name)) errors.push(duplicate(`${path}.name`, name));
  names.add(name);
  if (!image) errors.push(required(`${path}.image`));
  else if (image.trim() !== image) {
    errors.push(invalid(`${path}.image`, image, "must not have leading or trailing whitespace"));
  }
  errors.push(
    ...validateLifecycle(path, container.lifecycle),
    ...validateProbes(path, container),
    ...validateOneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy ?? "", [
      "FallbackToLogsOnError",
      "File",
    ]),
    ...validatePorts(path, container, spec.hostNetwork === true),
    ...validateEnvironment(path, container),
    ...validateVolumeMounts(path, container, spec.volumes ?? []),
    ...validateOneOf(`${path}.imagePullPolicy`, container.imagePullPolicy ?? "", ["Always", "IfNotPresent", "Never"]),
    ...validateResources(`${path}.resources`, container.resources),
  );
  return errors;
}

/** Init containers run one after another; only those that go on running (restartPolicy Always) can be probed. */
function validateInitContainer(path: string, container: Container): FieldError[] {
  if (container.restartPolicy === "Always") return [];
  const problem = "may not be set for init containers without restartPolicy=Always";
  return (["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const).flatMap((field) =>
    container[field] === undefined ? [] : [forbidden(`${path}.${field}`, problem)],
  );
}

function validatePorts(path: string, { ports = [] }: Container, hostNetwork: boolean): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name, containerPort, hostPort, hostIP, protocol }, index) => {
    const field = `${path}.ports[${index}]`;
    const errors: FieldError[] = [];
    if (name) {
      const problems = portName(name).map((problem) => invalid(`${field}.name`, name, problem));
      errors.push(...problems);
      if (problems.length === 0 && names.has(name)) errors.push(duplicate(`${field}.name`, name));
      names.add(name);
    }
    if (!containerPort) errors.push(required(`${field}.containerPort`));
    else errors.push(...validatePortNumber(`${field}.containerPort`, containerPort));
    if (hostPort) errors.push(...validatePortNumber(`${field}.hostPort`, hostPort));
    if (hostNetwork && hostPort !== containerPort) {
      const problem = "must match `hostPort` when `hostNetwork` is true";
      errors.push(invalid(`${field}.containerPort`, containerPort, problem));
    }
    if (hostIP) errors.push(...validateIP(`${field}.hostIP`, hostIP));
    errors.push(...validateOneOf(`${field}.protocol`, protocol ?? "", protocols));
    return errors;
  });
}

/** Two containers of a Pod cannot take one port of the node. */
function validateHostPorts(path: string, containers: Container[]): FieldError[] {
  const taken = new Set<string>();
  return containers.flatMap(({ ports = [] }, container) =>
    ports.flatMap(({ hostPort, hostIP, protocol }, port) => {
      if (!hostPort) return [];
      const key = `${hostPort}/${protocol}/${hostIP || "0.0.0.0"}`;
      if (taken.has(key)) return [duplicate(`${path}[${container}].ports[${port}].hostPort`, key)];
      taken.add(key);
      return [];
    }),
  );
}

const standardResources = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;

function validateResources(path: string, resources: Container["resources"]): FieldError[] {
  const errors: FieldError[] = [];
  const limits = resources?.limits ?? {};
  for (const list of ["limits", "requests"] as const) {
    for (const [name, quantity] of Object.entries(resources?.[list] ?? {})) {
      const field = `${path}.${list}[${name}]`;
      errors.push(...qualifiedNameErrors(name).map((problem) => invalid(field, name, problem)));
      if (!name.includes("/") && !standardResources.test(name)) {
        errors.push(invalid(field, name, "must be a standard resource for containers"));
      }
      const amount = parseQuantity(quantity) ?? 0;
      if (amount < 0) errors.push(invalid(field, quantity, "must be greater than or equal to 0"));
      const limit = list === "requests" && Object.hasOwn(limits, name) ? limits[name] : undefined;
      if (limit !== undefined && amount > (parseQuantity(limit) ?? 0)) {
        const problem = `must be less than or equal to ${name} limit of ${limit}`;
        errors.push(invalid(`${path}.requests`, quantity, problem));
      }
    }
  }
  return errors;
}

/** The environment, command and arguments of a container, by the rules of Kubernetes' core/v1 EnvVar and Container. Pure. */
import type { ConfigMap, Container, Node, Pod, Secret, Service } from "../../kubernetes/types.ts";
import { fieldValue, type KnownAddresses, resourceValue } from "./downward.ts";

/** What a container's environment is made of. An object that is not there is undefined. */
export interface EnvironmentInputs extends KnownAddresses {
  pod: Pod;
  container: Container;
  node: Pick<Node, "status">;
  /** Services of the Pod's namespace, and `kubernetes` of the default namespace. */
  services: readonly Service[];
  configMap: (name: string) => ConfigMap | undefined;
  secret: (name: string) => Secret | undefined;
  /** Variables of the image. */
  image: Record<string, string>;
}

/** A container cannot be made of its spec as things are; the message is for the waiting state and an event. */
export class ContainerConfigError extends Error {
  readonly reason: string;
  constructor(message: string, reason = "CreateContainerConfigError") {
    super(message);
    this.name = "ContainerConfigError";
    this.reason = reason;
  }
}

/**
 * Replaces $(NAME) by the variable's value; $$ is a literal $, and a reference to an unknown variable stays as it is
 * (Container.command, Container.args and EnvVar.value of core/v1).
 */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, escaped: string, name: string | undefined) => {
    if (escaped === "$") return "$";
    return name !== undefined && Object.hasOwn(variables, name) ? (variables[name] ?? whole) : whole;
  });
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Later sources win: image, Services, envFrom in order, env in order. */
export function containerEnvironment(inputs: EnvironmentInputs): Record<string, string> {
  const { container, pod } = inputs;
  const services = serviceVariables(inputs.services, pod);
  const given: Record<string, string> = {};
  for (const source of container.envFrom ?? []) {
    const { configMapRef, secretRef, prefix = "" } = source;
    const data = configMapRef
      ? required(inputs.configMap(configMapRef.name ?? ""), "configmap", configMapRef)?.data
      : secretRef
        ? decoded(required(inputs.secret(secretRef.name ?? ""), "secret", secretRef)?.data)
        : undefined;
    for (const [key, value] of Object.entries(data ?? {}))
      if (isVariableName(prefix + key)) given[prefix + key] = value;
  }
  for (const variable of container.env ?? []) {
    const { name, valueFrom } = variable;
    const known = { ...services, ...given };
    const value =
      valueFrom === undefined ? expand(variable.value ?? "", known) : variableValue(name, valueFrom, inputs);
    if (value !== undefined) given[name] = value;
  }
  return {
    PATH: defaultPath,
    HOSTNAME: pod.spec?.hostname ?? pod.metadata?.name ?? "",
    ...inputs.image,
    ...services,
    ...given,
  };
}

type EnvVarSource = NonNullable<NonNullable<Container["env"]>[number]["valueFrom"]>;

function variableValue(name: string, source: EnvVarSource, inputs: EnvironmentInputs): string | undefined {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  if (fieldRef) {
    const value = fieldValue(inputs.pod, fieldRef.fieldPath, inputs);
    if (value === undefined)
      throw new ContainerConfigError(`env ${name}: unsupported fieldPath: ${fieldRef.fieldPath}`);
    return value;
  }
  if (resourceFieldRef) {
    const value = resourceValue(inputs.pod, resourceFieldRef, inputs.node, inputs.container.name);
    if (value === undefined)
      throw new ContainerConfigError(`env ${name}: unsupported container resource: ${resourceFieldRef.resource}`);
    return value;
  }
  if (configMapKeyRef) {
    const map = required(inputs.configMap(configMapKeyRef.name ?? ""), "configmap", configMapKeyRef);
    return keyOf(map?.data, map, "ConfigMap", configMapKeyRef);
  }
  if (secretKeyRef) {
    const secret = required(inputs.secret(secretKeyRef.name ?? ""), "secret", secretKeyRef);
    return keyOf(decoded(secret?.data), secret, "Secret", secretKeyRef);
  }
  throw new ContainerConfigError(`env ${name}: valueFrom names no source that this node knows`);
}

interface Reference {
  name?: string;
  optional?: boolean;
}

function required<T>(object: T | undefined, kind: string, reference: Reference): T | undefined {
  if (object === undefined && !reference.optional)
    throw new ContainerConfigError(`${kind} ${JSON.stringify(reference.name ?? "")} not found`);
  return object;
}

function keyOf(
  data: Record<string, string> | undefined,
  object: ConfigMap | Secret | undefined,
  kind: string,
  reference: Reference & { key: string },
): string | undefined {
  const value = data !== undefined && Object.hasOwn(data, reference.key) ? data[reference.key] : undefined;
  if (value !== undefined || reference.optional) return value;
  const { namespace, name } = object?.metadata ?? {};
  throw new ContainerConfigError(`couldn't find key ${reference.key} in ${kind} ${namespace}/${name}`);
}

function decoded(data: Record<string, string> | undefined): Record<string, string> {
  const texts = Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]);
  return Object.fromEntries(texts);
}

/** Any printable ASCII but "=" (KEP-4369, Kubernetes 1.34); a key that is no name is left out, as kubelet does. */
function isVariableName(name: string): boolean {
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(name);
}

/**
 * The variables of Docker's links for every Service with an address: NAME_SERVICE_HOST, NAME_SERVICE_PORT, NAME_SERVICE_PORT_PORTNAME and
 * NAME_PORT_…. Without spec.enableServiceLinks only those of the `kubernetes` Service.
 */
export function serviceVariables(services: readonly Service[], pod: Pod): Record<string, string> {
  const variables: Record<string, string> = {};
  const isApi = ({ metadata }: Service) => metadata?.name === "kubernetes" && metadata.namespace === "default";
  const links = pod.spec?.enableServiceLinks ?? true;
  const chosen = services.filter(
    (service) => isApi(service) || (links && service.metadata?.namespace === pod.metadata?.namespace),
  );
  for (const { metadata, spec } of chosen.sort((a, b) => Number(isApi(a)) - Number(isApi(b)))) {
    const host = spec?.clusterIP;
    const first = spec?.ports?.[0];
    if (!host || host === "None" || first === undefined) continue;
    const name = variableName(metadata?.name ?? "");
    variables[`${name}_SERVICE_HOST`] = host;
    variables[`${name}_SERVICE_PORT`] = String(first.port);
    variables[`${name}_PORT`] = urlOf(first, host);
    for (const port of spec?.ports ?? []) {
      const protocol = port.protocol ?? "TCP";
      const prefix = `${name}_PORT_${port.port}_${protocol}`;
      if (port.name) variables[`${name}_SERVICE_PORT_${variableName(port.name)}`] = String(port.port);
      variables[prefix] = urlOf(port, host);
      variables[`${prefix}_PROTO`] = protocol.toLowerCase();
      variables[`${prefix}_PORT`] = String(port.port);
      variables[`${prefix}_ADDR`] = host;
    }
  }
  return variables;
}

function urlOf(port: { protocol?: string; port: number }, host: string): string {
  return `${(port.protocol ?? "TCP").toLowerCase()}://${host}:${port.port}`;
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

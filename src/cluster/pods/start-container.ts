import { randomBytes } from "node:crypto";
import { pods } from "../../kubernetes/resource.ts";
import type { Pod, Container as Spec } from "../../kubernetes/types.ts";
import { netnsPath } from "../../linux/netns.ts";
import type { ContainerSpec } from "./container-spec.ts";
import type { NodeContext } from "./context.ts";
import type { DemoContainer } from "./demo/protocol.ts";
import { ContainerConfigError, containerEnvironment, expand } from "./environment.ts";
import { hostnameOf } from "./etc.ts";
import { type Launch, launchOf, resolveImage } from "./images.ts";
import { addressesOf, type PodNetwork } from "./network.ts";
import type { Start } from "./plan.ts";
import type { Container } from "./runtime.ts";
import { processIdentity } from "./security.ts";

export interface StartInputs {
  pod: Pod;
  spec: Spec;
  init: boolean;
  start: Start;
  /** Undefined for a Pod on the node's own network. */
  network?: PodNetwork;
  /** Directory with the Pod's hosts, hostname and resolv.conf. */
  etc: string;
}

/**
 * Makes one container of a Pod and runs it. Rejects with ContainerConfigError when the Pod must wait for something (its reason is the
 * waiting reason), and with another error when the node could not do it.
 */
export async function startContainer(context: NodeContext, inputs: StartInputs): Promise<Container> {
  const { pod, spec } = inputs;
  const image = resolveImage(spec.image ?? "", await context.images());
  if (image.kind === "unknown") throw new ContainerConfigError(image.message, image.reason);
  const note = (reason: string, message: string) =>
    context.events.record(pods, pod, "Normal", reason, message, fieldPathOf(spec.name, inputs.init));
  note("Pulled", `Container image "${spec.image}" already present on machine`);

  const env = await environmentOf(context, inputs, image.env ?? {});
  const launch = launchOf(
    image,
    spec.command?.map((text) => expand(text, env)),
    spec.args?.map((text) => expand(text, env)),
  );
  const container = await assemble(context, inputs, launch, env);
  note("Created", `Created container: ${spec.name}`);
  const running = await context.runtime.start(container);
  if (launch.kind === "demo") await serve(context, running);
  if (running.exit === undefined) note("Started", `Started container ${spec.name}`);
  return running;
}

/** As kubelet names a part of a Pod in its events. */
export function fieldPathOf(container: string, init: boolean): string {
  return `spec.${init ? "initContainers" : "containers"}{${container}}`;
}

async function environmentOf(
  context: NodeContext,
  { pod, spec, network }: StartInputs,
  image: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const namespace = pod.metadata?.namespace ?? "default";
  const sources = [
    ...(spec.envFrom ?? []),
    ...(spec.env ?? []).map(({ valueFrom }) => ({
      configMapRef: valueFrom?.configMapKeyRef,
      secretRef: valueFrom?.secretKeyRef,
    })),
  ];
  const load = async <T>(names: (string | undefined)[], get: (namespace: string, name: string) => Promise<T>) => {
    const wanted = [...new Set(names.filter((name) => name !== undefined))];
    return new Map(await Promise.all(wanted.map(async (name) => [name, await get(namespace, name)] as const)));
  };
  const [configMaps, secrets] = await Promise.all([
    load(
      sources.map(({ configMapRef }) => configMapRef?.name),
      context.objects.configMap,
    ),
    load(
      sources.map(({ secretRef }) => secretRef?.name),
      context.objects.secret,
    ),
  ]);
  return containerEnvironment({
    pod,
    container: spec,
    node: context.node(),
    podIPs: network === undefined ? context.nodeIPs : addressesOf(network),
    hostIPs: context.nodeIPs,
    services: context.services(),
    configMap: (name) => configMaps.get(name),
    secret: (name) => secrets.get(name),
    image,
  });
}

async function assemble(
  context: NodeContext,
  inputs: StartInputs,
  launch: Launch,
  env: Record<string, string>,
): Promise<ContainerSpec> {
  const { pod, spec, init, start, network, etc } = inputs;
  const { uid = "", name = "", namespace = "" } = pod.metadata ?? {};
  const mounts = await context.volumes.mountsOf(pod, spec, env, launch.kind === "demo");
  return {
    id: randomBytes(16).toString("hex"),
    pod: { uid, name, namespace, address: network?.address ?? context.nodeIPs[0] },
    name: spec.name,
    init,
    attempt: start.attempt,
    restartDelay: start.restartDelay,
    image: spec.image ?? "",
    launch:
      launch.kind === "demo"
        ? { kind: "demo", program: launch.program, args: launch.args, dualStack: context.nodeIPs.length > 1 }
        : { kind: "process", argv: launch.argv },
    env: { ...launch.env, ...env },
    workingDir: spec.workingDir,
    hostname: pod.spec?.hostNetwork ? context.nodeName : hostnameOf(pod),
    networkNamespace: network && netnsPath(network.netns),
    mounts,
    etc,
    process: processIdentity(pod, spec),
    readOnlyRoot: spec.securityContext?.readOnlyRootFilesystem ?? false,
  };
}

/** Lets the demo server serve a container whose PID 1 waits. A refusal ends the container, as a program that exits at once would. */
async function serve({ runtime, demo, nodeName }: NodeContext, container: Container): Promise<void> {
  try {
    const served = demoContainer(container, runtime.paths.log(container.spec.id), nodeName);
    if (served !== undefined) await demo.start(served);
  } catch (error) {
    await runtime.signal(container, "SIGKILL", { code: 1, reason: "Error", message: (error as Error).message });
  }
}

/** A container as the demo server is told of it; undefined when it is a process of its own. */
export function demoContainer({ spec, pid }: Container, logFile: string, node: string): DemoContainer | undefined {
  const { id, launch, env, networkNamespace = `/proc/${pid}/ns/net` } = spec;
  if (launch.kind !== "demo") return undefined;
  const { name, namespace, address: ip } = spec.pod;
  const pod = { name, namespace, ip, node, container: spec.name };
  const { program, args, dualStack } = launch;
  return { id, program, args, env, networkNamespace, ...(dualStack && { dualStack }), logFile, pod };
}

/** What a Pod may ask for that this node cannot give. It says so instead of running something else. Pure. */
import type { Container, Pod, Probe } from "../../kubernetes/types.ts";

const volumeKinds = new Set(["name", "emptyDir", "hostPath", "configMap", "secret", "projected", "downwardAPI"]);

/** One sentence for each field that cannot be honoured; none: the Pod can run. */
export function unsupportedFields(pod: Pod): string[] {
  const found: string[] = [];
  const { spec } = pod;
  const refuse = (set: unknown, field: string, advice: string) => {
    if (set) found.push(`${field} is not supported by a Fairway node: ${advice}`);
  };
  refuse(spec?.hostPID, "spec.hostPID", "containers have PID namespaces of their own");
  refuse(spec?.hostIPC, "spec.hostIPC", "containers have IPC namespaces of their own");
  refuse(spec?.shareProcessNamespace, "spec.shareProcessNamespace", "each container has a PID namespace of its own");
  refuse(spec?.runtimeClassName, "spec.runtimeClassName", "there is one way to run containers");
  refuse(spec?.ephemeralContainers?.length, "spec.ephemeralContainers", "use kubectl exec");
  refuse(spec?.securityContext?.sysctls?.length, "spec.securityContext.sysctls", "set them inside of the container");
  for (const volume of spec?.volumes ?? []) {
    const kind = Object.keys(volume).find((key) => !volumeKinds.has(key));
    refuse(
      kind,
      `volume "${volume.name}" of kind ${kind}`,
      "use emptyDir, hostPath, configMap, secret, downwardAPI or projected",
    );
  }
  const lists = { initContainers: spec?.initContainers, containers: spec?.containers };
  for (const [list, containers] of Object.entries(lists))
    for (const container of containers ?? []) inContainer(`spec.${list}{${container.name}}`, pod, container, refuse);
  return found;
}

function inContainer(
  path: string,
  pod: Pod,
  container: Container,
  refuse: (set: unknown, field: string, advice: string) => void,
): void {
  const hostPorts = container.ports?.filter(({ hostPort }) => hostPort !== undefined && hostPort > 0) ?? [];
  refuse(hostPorts.length > 0 && !pod.spec?.hostNetwork, `${path}.ports.hostPort`, "use a Service of type NodePort");
  refuse(container.stdin, `${path}.stdin`, "use kubectl exec -i");
  refuse(container.tty, `${path}.tty`, "use kubectl exec -t");
  refuse(container.volumeDevices?.length, `${path}.volumeDevices`, "there are no block volumes");
  refuse(
    container.securityContext?.privileged,
    `${path}.securityContext.privileged`,
    "ask for the capabilities that are needed",
  );
  refuse(
    container.volumeMounts?.some(({ mountPropagation }) => mountPropagation && mountPropagation !== "None"),
    `${path}.volumeMounts.mountPropagation`,
    "mounts of a container are its own",
  );
  const probes: [string, Probe | undefined][] = [
    ["startupProbe", container.startupProbe],
    ["livenessProbe", container.livenessProbe],
    ["readinessProbe", container.readinessProbe],
  ];
  for (const [name, probe] of probes) refuse(probe?.grpc, `${path}.${name}.grpc`, "use httpGet, tcpSocket or exec");
}

import type { Overview } from "./overview.ts";
import type { PartStatus } from "./part.ts";
import type { MachineStatus, WorldStatus } from "./protocol.ts";
import { firstRows, table } from "./table.ts";

/** `fairway status` for people, in 80 columns. */
export function statusText(status: WorldStatus, overview: Overview | { error: string }, color: boolean): string {
  const strong = (text: string) => (color ? `\x1b[1m${text}\x1b[0m` : text);
  const { memory, controlPlane } = status;
  const size = memory === undefined ? "" : `, ${Math.round(memory.total / 1024)} MB in ${memory.processes} processes`;
  const machines = [...(controlPlane ? [controlPlane] : []), ...status.nodes];
  return `${[
    strong(
      `Cluster "${status.name}" is ${status.state} since ${status.started.slice(0, 19).replace("T", " ")} UTC${size}.`,
    ),
    `API server ${status.server}, kubeconfig ${status.kubeconfig}`,
    `nodes ${status.nodeCIDR}, Pods ${status.podCIDR}, Services ${status.serviceCIDR}`,
    "",
    ...table(
      ["MACHINE", "ADDRESS", "STATE", "KUBERNETES", "MADE AGAIN", "PROCESSES"],
      machines.map((machine) => machineRow(machine, overview, machine !== controlPlane)),
    ),
    "",
    ...("error" in overview ? [`The API does not answer: ${overview.error}`] : objectLines(overview)),
  ].join("\n")}\n`;
}

function machineRow(machine: MachineStatus, overview: Overview | { error: string }, isNode: boolean): string[] {
  const node = "error" in overview ? undefined : overview.nodes.find(({ name }) => name === machine.name);
  const kubernetes = !isNode ? "" : (node?.status ?? ("error" in overview ? "unknown" : "not joined"));
  return [machine.name, machine.address, machine.state, kubernetes, String(machine.restarts), partsText(machine.parts)];
}

/** "3 run", and what is or was wrong. */
function partsText(parts: readonly PartStatus[]): string {
  const running = parts.filter(({ state }) => state === "running").length;
  const troubles = parts.flatMap(({ name, state, restarts, lastEnd }) => {
    if (state !== "running") return [`${name} ${state} (${lastEnd ?? "not started"})`];
    return restarts > 0 ? [`${name} restarted ${restarts}x`] : [];
  });
  return [`${running} run`, ...troubles].join(", ");
}

function objectLines({ pods, services, urls }: Overview): string[] {
  const podLines = table(
    ["POD", "READY", "STATUS", "IP", "NODE"],
    pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod.ready, pod.status, pod.ip, pod.node]),
  );
  const serviceLines = table(
    ["SERVICE", "TYPE", "CLUSTER-IP", "PORT(S)"],
    services.map((service) => [`${service.namespace}/${service.name}`, service.type, service.clusterIP, service.ports]),
  );
  return [
    ...(pods.length > 0 ? [...firstRows(podLines, 10, "kubectl get pods -A"), ""] : []),
    ...firstRows(serviceLines, 10, "kubectl get services -A"),
    ...(urls.length > 0 ? ["", ...firstRows(urls, 4, "kubectl get services -A")] : []),
  ];
}

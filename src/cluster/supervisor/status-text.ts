import type { Overview } from "./overview.ts";
import type { MachineStatus, WorldStatus } from "./protocol.ts";
import { firstRows, table } from "./table.ts";

/** `fairway status` for people, in 80 columns. */
export function statusText(status: WorldStatus, overview: Overview | { error: string }, color: boolean): string {
  const strong = (text: string) => (color ? `\x1b[1m${text}\x1b[0m` : text);
  const { memory, controlPlane } = status;
  const size = memory === undefined ? "" : `${Math.round(memory.total / 1024)} MB in ${memory.processes} processes`;
  const machines = [...(controlPlane ? [controlPlane] : []), ...status.nodes];
  const since = status.started.slice(0, 19).replace("T", " ");
  return `${[
    strong(`Cluster "${status.name}" is ${status.state}.`),
    `since ${since} UTC${size && `, ${size}`}`,
    ...rangeLines(status),
    `API server ${status.server}`,
    `kubeconfig ${status.kubeconfig}`,
    "",
    ...table(
      ["MACHINE", "ADDRESS", "STATE", "KUBERNETES", "PROXY", "PROCESSES"],
      machines.map((machine) => machineRow(machine, overview, machine !== controlPlane)),
    ),
    ...machines.flatMap(troubles),
    "",
    ...("error" in overview ? [`The API does not answer: ${overview.error}`] : objectLines(overview)),
  ].join("\n")}\n`;
}

function rangeLines({ nodeCIDR, podCIDR, serviceCIDR, ipv6 }: WorldStatus): string[] {
  if (ipv6 === undefined) return [`nodes ${nodeCIDR}, Pods ${podCIDR}, Services ${serviceCIDR}`];
  return [
    `nodes ${nodeCIDR}, ${ipv6.nodeCIDR}`,
    `Pods ${podCIDR}, ${ipv6.podCIDR}; Services ${serviceCIDR}, ${ipv6.serviceCIDR}`,
  ];
}

function machineRow(machine: MachineStatus, overview: Overview | { error: string }, isNode: boolean): string[] {
  const node = "error" in overview ? undefined : overview.nodes.find(({ name }) => name === machine.name);
  const kubernetes = !isNode ? "" : (node?.status ?? ("error" in overview ? "unknown" : "not joined"));
  const running = machine.parts.filter(({ state }) => state === "running").length;
  const { name, address, state, proxyMode = "", parts } = machine;
  return [name, address, state, kubernetes, proxyMode, `${running} of ${parts.length} run`];
}

/** What went wrong on a machine, a line each. */
function troubles({ name, restarts, parts }: MachineStatus): string[] {
  const again = restarts > 0 ? [`${name} was made again ${restarts}x`] : [];
  return again.concat(
    parts.flatMap(({ name: part, state, restarts: times, lastEnd = "" }) => {
      if (state !== "running") return [`${name}: ${part} is ${state} (${lastEnd})`];
      return times > 0 ? [`${name}: ${part} was started again ${times}x (${lastEnd})`] : [];
    }),
  );
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

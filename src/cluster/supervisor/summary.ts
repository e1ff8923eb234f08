import { defaultOptions } from "./options.ts";
import type { Overview } from "./overview.ts";
import { firstRows, table } from "./table.ts";

export interface SummaryOptions {
  name: string;
  kubeconfig: string;
  /** How the person calls this program: "bin/fairway" in a checkout. */
  command: string;
  /** Milliseconds. */
  took?: number;
  /** Ctrl-C ends it. */
  foreground: boolean;
  color: boolean;
}

/** Only for people at a terminal who did not refuse them (no-color.org). */
export function hasColors(output: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return output.isTTY === true && !env.NO_COLOR;
}

/** What a person sees when the cluster is up: 24 lines of 80 columns, unless names are very long. */
export function summary(overview: Overview, options: SummaryOptions): string {
  const { name, kubeconfig, command, took, foreground, color } = options;
  const strong = (text: string) => (color ? `\x1b[1m${text}\x1b[0m` : text);
  const flag = name === defaultOptions.name ? "" : ` --name ${name}`;
  const time = took === undefined ? "" : ` after ${(took / 1000).toFixed(2)} s`;
  const userPods = overview.pods.filter(({ namespace }) => namespace !== "kube-system");
  const userServices = overview.services.filter(({ namespace }) => namespace !== "kube-system");
  const dualStack = overview.nodes.some(({ ipv6 }) => ipv6 !== undefined);
  const nodeLines = table(
    ["NODE", "ADDRESS", ...(dualStack ? ["IPV6"] : []), "STATUS"],
    overview.nodes.map((node) => [node.name, node.address, ...(dualStack ? [node.ipv6 ?? ""] : []), node.status]),
  );
  const podLines = table(
    ["POD", "READY", "STATUS", "IP", "NODE"],
    userPods.map((pod) => [pod.name, pod.ready, pod.status, pod.ip, pod.node]),
  );
  const serviceLines = table(
    ["SERVICE", "TYPE", "CLUSTER-IP", "PORT(S)"],
    userServices.map((service) => [service.name, service.type, service.clusterIP, service.ports]),
  );
  const [url] = overview.urls;
  const tries = [
    `export KUBECONFIG=${kubeconfig}`,
    ...(url === undefined ? [] : [`curl ${url}`]),
    "kubectl get pods -o wide",
    `${command} node exec${flag} ${overview.nodes[0]?.name ?? "node1"} -- iptables-save -t nat`,
  ];
  const lines = [
    "",
    strong(`Cluster "${name}" is up${time}.`),
    "",
    ...firstRows(nodeLines, 4, "kubectl get nodes"),
    "",
    ...(userPods.length > 0 ? [...firstRows(podLines, 4, "kubectl get pods -A"), ""] : []),
    ...(userServices.length > 0 ? [...firstRows(serviceLines, 4, "kubectl get services -A"), ""] : []),
    strong("Try:"),
    ...tries.map((text) => `  ${text}`),
    foreground ? "Ctrl-C takes all of it away." : `Take it away: ${command} down${flag}`,
  ];
  return `${lines.join("\n")}\n`;
}

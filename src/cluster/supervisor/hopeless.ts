import type { MachineStatus } from "./protocol.ts";

/** Restarts. restart-policy.ts has waited most of a second between them by then: what such a proxy lacks is not a moment. */
const tries = 5;

/** Whether a node's proxy ends by itself (another's signal is no verdict) over and over, and has never served. */
export function cannotServe({ parts }: MachineStatus): boolean {
  const { served, restarts = 0, lastEnd = "" } = proxyOf(parts) ?? {};
  return !served && restarts >= tries && lastEnd.startsWith("exit status");
}

/** Why no Service can be served on any node of a cluster that boots. Undefined as long as there is hope. */
export function whyHopeless(nodes: readonly MachineStatus[]): string | undefined {
  const [first] = nodes;
  if (first === undefined || !nodes.every(cannotServe)) return undefined;
  const modes = [...new Set(nodes.map(({ proxyMode }) => proxyMode))].join(", ");
  return `no node's proxy can start in --proxy-mode ${modes}; ${first.name}: ${proxyOf(first.parts)?.lastEnd}`;
}

function proxyOf(parts: MachineStatus["parts"]) {
  return parts.find(({ name }) => name === "proxy");
}

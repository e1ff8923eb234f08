import type { MachineStatus } from "./protocol.ts";

/** Restarts. restart-policy.ts has waited most of a second between them by then: what such a proxy lacks is not a moment. */
const tries = 5;

/**
 * Why no Service can be served on any node of a cluster that boots: every node's proxy ends by itself (another's signal is no verdict) over and
 * over, and none has served. Undefined as long as there is hope.
 */
export function whyHopeless(nodes: readonly MachineStatus[]): string | undefined {
  const proxies = nodes.map(({ name, proxyMode, parts }) => {
    const { served, restarts = 0, lastEnd = "" } = parts.find((part) => part.name === "proxy") ?? {};
    const fails = !served && restarts >= tries && lastEnd.startsWith("exit status");
    return { name, proxyMode, lastEnd, fails };
  });
  const [first] = proxies;
  if (first === undefined || !proxies.every(({ fails }) => fails)) return undefined;
  const modes = [...new Set(proxies.map(({ proxyMode }) => proxyMode))].join(", ");
  return `no node's proxy can start in --proxy-mode ${modes}; ${first.name}: ${first.lastEnd}`;
}

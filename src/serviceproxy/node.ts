/** What the proxy reads from the Node object of its own machine. */
import { type Address, type Family, formatAddress, parseSloppyAddress } from "../ip/address.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import { startReflector } from "../kubernetes/list-watch.ts";
import { nodes } from "../kubernetes/resource.ts";
import type { Node } from "../kubernetes/types.ts";
import type { Logger } from "../role/log.ts";
import type { NodeContext } from "./compile/compile.ts";
import { entries } from "./compile/service.ts";

const zoneLabel = "topology.kubernetes.io/zone";

/**
 * The node as the compiler sees it. `override`: an address that stands for the node in its family, whatever the object says (bindAddress);
 * 0.0.0.0 and :: stand for nothing.
 */
export function nodeContext(
  nodeName: string,
  node: Node | undefined,
  families: readonly Family[],
  override?: Address,
): NodeContext {
  const own = override !== undefined && override.value !== 0n ? [override] : [];
  const told = entries(node?.status?.addresses)
    .filter(({ type }) => type === "InternalIP" || type === "ExternalIP")
    .map(({ address }) => (typeof address === "string" ? parseSloppyAddress(address) : undefined))
    .filter((address): address is Address => address !== undefined)
    .filter(({ family }) => own.every((address) => address.family !== family));
  return { nodeName, zone: node?.metadata?.labels?.[zoneLabel], addresses: [...own, ...told], families };
}

export function isSameContext(a: NodeContext, b: NodeContext): boolean {
  const key = ({ zone, addresses }: NodeContext) => [zone, ...addresses.map(formatAddress)].join(" ");
  return key(a) === key(b);
}

/** The ranges that the node's Pods have their addresses from; empty: none yet. */
export function podCIDRsOf(node: Node | undefined): string[] {
  const { podCIDR, podCIDRs } = node?.spec ?? {};
  const all = entries(podCIDRs);
  if (all.length > 0) return [...all];
  return podCIDR ? [podCIDR] : [];
}

/** As kube-proxy. */
const patience = 300_000;

/**
 * Waits until the Node has podCIDRs, which the mode NodeCIDR needs before any rule is written: five minutes, then it rejects. Resolves to
 * undefined when `ended` comes first.
 */
export async function readPodCIDRs(
  client: KubernetesClient,
  nodeName: string,
  log: Logger,
  ended: Promise<void>,
): Promise<string[] | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string[] | undefined>();
  const cache = startReflector<Node>(client, nodes, {
    fieldSelector: `metadata.name=${nodeName}`,
    onError: (error) => log.warn({ error: error.message }, "cannot read the Node; trying again"),
  });
  cache.subscribe(({ object }) => {
    const podCIDRs = podCIDRsOf(object);
    if (podCIDRs.length > 0) resolve(podCIDRs);
    else log.info("waiting for the Node to get its podCIDRs");
  });
  const timer = setTimeout(
    () =>
      reject(new Error(`the Node ${nodeName} got no podCIDRs within five minutes, and detectLocalMode is NodeCIDR`)),
    patience,
  );
  ended.then(() => resolve(undefined), reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    cache.stop();
  }
}

/** The Node's podCIDRs are others than those that the rules were made for: everything has to be made anew, by another process. */
export class PodCIDRsChangedError extends Error {
  constructor(before: readonly string[], after: readonly string[]) {
    super(
      `the Node's podCIDRs changed from ${before.join(",")} to ${after.join(",") || "none"}: ending, to be started again`,
    );
    this.name = "PodCIDRsChangedError";
  }
}

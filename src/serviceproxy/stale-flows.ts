import { type Family, formatAddressPort } from "../ip/address.ts";
import { type Flow, flowKey } from "../linux/conntrack.ts";
import type { RowChange, ServicePort } from "./table.ts";

/**
 * Where UDP flows may have been sent that the proxy translates, and which endpoints may answer them. Only UDP: a TCP or SCTP connection to
 * a dead endpoint ends by itself, a UDP flow is kept alive by every packet that a client goes on sending into the void.
 */
export class UdpFrontends {
  /** "10.96.0.10:53" → endpoints that serve. */
  readonly #addresses = new Map<string, ReadonlySet<string>>();
  /** Node port → endpoints. */
  readonly #nodePorts = new Map<number, ReadonlySet<string>>();

  /** The families whose flows have to be looked at. */
  readonly families = new Set<Family>();

  /** What a row has now. */
  set(row: ServicePort): void {
    this.#put(row, new Set(row.serving));
  }

  /** What a row had before: nobody may answer there, unless another row says otherwise afterwards. */
  setGone(row: ServicePort): void {
    this.#put(row, new Set());
  }

  #put(row: ServicePort, serving: ReadonlySet<string>): void {
    if (row.protocol !== "UDP") return;
    this.families.add(row.family);
    for (const address of [row.clusterIP, ...row.externalIPs, ...row.loadBalancerIPs])
      this.#addresses.set(formatAddressPort(address, row.port), serving);
    if (row.nodePort > 0) this.#nodePorts.set(row.nodePort, serving);
  }

  /** The flows that go to endpoints which no longer serve, one for each deletion that conntrack needs. */
  stale(flows: readonly Flow[], isLocalAddress: (address: string) => boolean): Flow[] {
    const stale = new Map<string, Flow>();
    for (const flow of flows) {
      const { destination, destinationPort: port } = flow;
      const serving =
        this.#addresses.get(formatAddressPort(destination, port)) ??
        (isLocalAddress(destination) ? this.#nodePorts.get(port) : undefined);
      const answers = formatAddressPort(flow.replySource, flow.replySourcePort);
      if (serving !== undefined && !serving.has(answers)) stale.set(flowKey(flow), flow);
    }
    return [...stale.values()];
  }
}

/** The frontends that a set of changes puts in question: those of rows that are gone or changed, as they are now. */
export function changedFrontends(changes: Iterable<RowChange>): UdpFrontends {
  const frontends = new UdpFrontends();
  const all = [...changes];
  for (const { before } of all) if (before !== undefined) frontends.setGone(before);
  for (const { after } of all) if (after !== undefined) frontends.set(after);
  return frontends;
}

import { isDeepStrictEqual } from "node:util";
import { type Family, formatAddressPort } from "../ip/address.ts";
import type { Flow } from "../linux/conntrack.ts";
import type { RowChange, ServicePort } from "./table.ts";

/**
 * Where flows may have been sent that the proxy translates, and which endpoints may answer them. A UDP flow to a dead endpoint is kept
 * alive by every packet that a client goes on sending into the void. Of TCP only connections that were never answered count: while
 * the kernel remembers such an attempt (two minutes), a client that comes to use the same port again is sent to the dead endpoint too.
 * (kube-proxy 1.36 looks at UDP only.) Whatever was answered lives on.
 */
export class Frontends {
  /** "UDP 10.96.0.10:53" → endpoints that may answer. */
  readonly #addresses = new Map<string, ReadonlySet<string>>();
  /** "UDP 30053" → the same for node ports. */
  readonly #nodePorts = new Map<string, ReadonlySet<string>>();
  readonly #families = new Set<Family>();

  /** What a row has now. */
  set(row: ServicePort): void {
    this.#put(row, mayAnswer(row));
  }

  /** What a row had before: nobody may answer there, unless another row says otherwise afterwards. */
  setGone(row: ServicePort): void {
    this.#put(row, new Set());
  }

  #put(row: ServicePort, answering: ReadonlySet<string>): void {
    const { family, protocol, port } = row;
    if (protocol === "SCTP") return;
    this.#families.add(family);
    for (const address of [row.clusterIP, ...row.externalIPs, ...row.loadBalancerIPs])
      this.#addresses.set(`${protocol} ${formatAddressPort(address, port)}`, answering);
    if (row.nodePort > 0) this.#nodePorts.set(`${protocol} ${row.nodePort}`, answering);
  }

  /** In which the kernel has to be asked for flows. */
  families(): Iterable<Family> {
    return this.#families;
  }

  /** The flows that go to endpoints which no longer answer. */
  stale<F extends Flow>(flows: readonly F[], isLocalAddress: (address: string) => boolean): F[] {
    return flows.filter(({ protocol, destination, destinationPort: port, replySource, replySourcePort }) => {
      const atNodePort = this.#nodePorts.get(`${protocol} ${port}`);
      const answering =
        this.#addresses.get(`${protocol} ${formatAddressPort(destination, port)}`) ??
        (atNodePort !== undefined && isLocalAddress(destination) ? atNodePort : undefined);
      return answering !== undefined && !answering.has(formatAddressPort(replySource, replySourcePort));
    });
  }
}

function mayAnswer(row: ServicePort): ReadonlySet<string> {
  if (row.protocol === "UDP") return new Set(row.serving);
  return new Set([...row.cluster, ...row.local].map(({ address, port }) => formatAddressPort(address, port)));
}

/**
 * Whether flows can have become stale: when an endpoint left. UDP flows may also have met nobody at all, where a Service or one of its
 * addresses is new or had no endpoints; and a socket of the userspace mode that closes.
 */
function inQuestion({ before, after }: RowChange): boolean {
  const isTcp = (after ?? before)?.protocol === "TCP";
  if (before === undefined) return !isTcp;
  if (after === undefined) return true;
  const [then, now] = [mayAnswer(before), mayAnswer(after)];
  if (!isTcp && (then.size === 0 || !isDeepStrictEqual(placesOf(before), placesOf(after)))) return true;
  return [...then].some((endpoint) => !now.has(endpoint));
}

/** Where clients ask, and whether there is a set of endpoints for them. */
function placesOf({ clusterIP, externalIPs, loadBalancerIPs, port, nodePort, cluster, local }: ServicePort) {
  return [clusterIP, externalIPs, loadBalancerIPs, port, nodePort, cluster.length > 0, local.length > 0];
}

/** The frontends that a set of changes puts in question: those of rows that are gone or changed, as they are now. */
export function changedFrontends(changes: Iterable<RowChange>): Frontends {
  const frontends = new Frontends();
  const all = [...changes].filter(inQuestion);
  for (const { before } of all) if (before !== undefined) frontends.setGone(before);
  for (const { after } of all) if (after !== undefined) frontends.set(after);
  return frontends;
}

import { isDeepStrictEqual } from "node:util";
import type { Family } from "../ip/address.ts";

export type Protocol = "TCP" | "UDP" | "SCTP";

/** One backend of a service port, as far as this node cares. */
export interface Endpoint {
  /** Canonical text. */
  address: string;
  port: number;
  /** On this node. */
  local: boolean;
  /** Takes new connections. */
  ready: boolean;
  /** Answers, ready or on its way out. */
  serving: boolean;
  terminating: boolean;
  /** Zones and nodes that the control plane meant it for; absent when it said nothing. */
  zoneHints?: readonly string[];
  nodeHints?: readonly string[];
}

/**
 * What becomes of traffic: it goes to the Cluster or the Local set of endpoints, or is refused (nobody serves it anywhere) or dropped
 * (somebody does, but not on this node, and the policy keeps it here).
 */
export type Target = "cluster" | "local" | "reject" | "drop";

/** One port of one Service in one address family: everything a mode needs, nothing it has to look up or decide. */
export interface ServicePort {
  /** "default/web:http/tcp/4": unique in the table. */
  key: string;
  /** "default/web:http", "default/web:" for a port without a name. Rules are named after it. */
  name: string;
  namespace: string;
  service: string;
  family: Family;
  protocol: Protocol;
  clusterIP: string;
  port: number;
  /** 0: none. */
  nodePort: number;
  externalIPs: readonly string[];
  loadBalancerIPs: readonly string[];
  /** Who may use the load balancer addresses, as prefixes; empty: everybody. */
  sourceRanges: readonly string[];
  /** An address of this node is in sourceRanges. */
  nodeInSourceRanges: boolean;
  /** How long a client stays with its endpoint; 0: no affinity. */
  affinitySeconds: number;
  /** 0: none. */
  healthCheckNodePort: number;
  /** Traffic to the cluster address. */
  internal: Target;
  /** Traffic to node port, external and load balancer addresses. */
  external: Target;
  /** externalTrafficPolicy Local: the client's address is kept, and traffic of this node and its Pods goes to the Cluster set instead. */
  externalLocal: boolean;
  /** Both sets are sorted by endpoint text; a set that no traffic goes to is empty. */
  cluster: readonly Endpoint[];
  local: readonly Endpoint[];
  /** All that answer, whether chosen or not ("10.32.0.3:53"): UDP flows to others are cut. Empty for other protocols. */
  serving: readonly string[];
}

/** A row that came (no `before`), went (no `after`) or changed since the last take. */
export interface RowChange {
  key: string;
  before?: ServicePort;
  after?: ServicePort;
}

interface Entry {
  row: ServicePort;
  /** The table's generation that the row came with. */
  generation: number;
}

/** The one truth of the service proxy: what each Service means on this node, and which of it the kernel does not have yet. */
export class ServiceTable {
  readonly #rows = new Map<string, Entry>();
  readonly #units = new Map<string, readonly string[]>();
  /** Rows as the kernel has them, of those that changed since. */
  #pending = new Map<string, ServicePort | undefined>();
  #generation = 0;
  #applied = 0;

  /** Grows with each change of a row. */
  get generation(): number {
    return this.#generation;
  }
  get size(): number {
    return this.#rows.size;
  }
  rows(): IterableIterator<ServicePort> {
    return this.#rows.values().map(({ row }) => row);
  }
  get(key: string): ServicePort | undefined {
    return this.#rows.get(key)?.row;
  }
  /** The rows of a unit. */
  unitRows(unit: string): ServicePort[] {
    return (this.#units.get(unit) ?? []).map((key) => this.#rows.get(key)!.row);
  }
  /** Whether the kernel has a row as it is here. */
  isApplied(key: string): boolean {
    const entry = this.#rows.get(key);
    return entry !== undefined && entry.generation <= this.#applied;
  }

  /** Replaces all rows of a unit (a Service); returns whether anything changed. */
  setUnit(unit: string, rows: readonly ServicePort[]): boolean {
    const before = this.#generation;
    const keys = new Set(rows.map(({ key }) => key));
    for (const key of this.#units.get(unit) ?? []) if (!keys.has(key)) this.#set(key, undefined);
    for (const row of rows) this.#set(row.key, row);
    if (keys.size > 0) this.#units.set(unit, [...keys]);
    else this.#units.delete(unit);
    return this.#generation !== before;
  }

  #set(key: string, row: ServicePort | undefined): void {
    const old = this.#rows.get(key)?.row;
    if (isDeepStrictEqual(old, row)) return;
    this.#generation += 1;
    if (!this.#pending.has(key)) this.#pending.set(key, old);
    if (row === undefined) this.#rows.delete(key);
    else this.#rows.set(key, { row, generation: this.#generation });
  }

  /** The changes since the last take, each row at most once; one that came and went in between is left out. */
  takeChanges(): RowChange[] {
    const changes: RowChange[] = [];
    for (const [key, before] of this.#pending) {
      const after = this.get(key);
      if (!isDeepStrictEqual(before, after)) changes.push({ key, before, after });
    }
    this.#pending = new Map();
    return changes;
  }

  /** Notes that the kernel has everything up to a generation. */
  markApplied(generation: number): void {
    this.#applied = generation;
  }

  /** The table for people, a row and its endpoints each on a line. */
  toString(): string {
    return [...this.rows()].map(formatRow).join("");
  }
}

/** A row for people. */
export function formatRow(row: ServicePort): string {
  const frontends = [
    `${row.clusterIP} port ${row.port} -> ${row.internal}`,
    ...row.externalIPs.map((address) => `external ${address} -> ${row.external}`),
    ...row.loadBalancerIPs.map((address) => `load balancer ${address} -> ${row.external}`),
    ...(row.nodePort > 0 ? [`node port ${row.nodePort} -> ${row.external}`] : []),
  ];
  const list = (title: string, endpoints: readonly Endpoint[]) =>
    endpoints.map((endpoint) => `    ${title} ${formatEndpoint(endpoint)}\n`).join("");
  return `${row.name} ${row.protocol} IPv${row.family}: ${frontends.join(", ")}\n${list("cluster", row.cluster)}${list("local", row.local)}`;
}

function formatEndpoint({ address, port, local, ready, terminating }: Endpoint): string {
  const words = [local ? "here" : "elsewhere", ready ? "ready" : terminating ? "terminating" : "not ready"];
  return `${address} ${port} (${words.join(", ")})`;
}

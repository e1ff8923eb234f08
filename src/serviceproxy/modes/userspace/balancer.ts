import type { Endpoint, ServicePort } from "../../table.ts";

/** Which of a service port's two sets of endpoints traffic goes to. */
export type EndpointSet = "cluster" | "local";

/** Clients that one service port remembers at most; the one that was not seen for the longest time is forgotten first. */
const mostClients = 65_536;

interface Visit {
  endpoint: string;
  /** Milliseconds on the caller's clock. */
  lastUsed: number;
}

/**
 * Chooses the endpoints of one service port: in turn, or, with ClientIP affinity, the one that the client had before, for as long as it
 * comes back within the timeout and the endpoint stays. Pure but for its memory; the clock is the caller's.
 */
export class Balancer {
  #endpoints: Record<EndpointSet, readonly Endpoint[]> = { cluster: [], local: [] };
  readonly #next: Record<EndpointSet, number>;
  /** In the order of their last visit. Cluster and Local set share it: affinity is the Service's, not the address's. */
  readonly #visits = new Map<string, Visit>();
  #affinity = 0;

  /** `random` in [0, 1): where the first turn begins, so that the nodes of a cluster do not all begin with the same endpoint. */
  constructor(random: () => number = Math.random) {
    this.#next = { cluster: Math.floor(random() * 1024), local: Math.floor(random() * 1024) };
  }

  get clients(): number {
    return this.#visits.size;
  }

  /** Takes over what a row has now. Clients of endpoints that are gone are forgotten. */
  update({ cluster, local, affinitySeconds }: Pick<ServicePort, EndpointSet | "affinitySeconds">): void {
    this.#endpoints = { cluster, local };
    this.#affinity = affinitySeconds * 1000;
    if (this.#visits.size === 0) return;
    const present = new Set(affinitySeconds > 0 ? [...cluster, ...local].map(keyOf) : []);
    for (const [client, { endpoint }] of this.#visits) if (!present.has(endpoint)) this.#visits.delete(client);
  }

  /**
   * The endpoint for a new connection. `tried` are those that this connection could not reach: they are chosen only when no other is left,
   * and affinity no longer counts. Undefined when the set is empty.
   */
  pick(set: EndpointSet, client: string, now: number, tried: readonly Endpoint[] = []): Endpoint | undefined {
    const endpoints = this.#endpoints[set];
    const known = tried.length === 0 ? this.#lastVisited(endpoints, client, now) : undefined;
    const endpoint = known ?? this.#inTurn(set, endpoints, tried);
    if (endpoint !== undefined && this.#affinity > 0) this.#remember(client, endpoint, now);
    return endpoint;
  }

  /** The client could not be served where it was sent: it is sent elsewhere the next time. */
  forget(client: string): void {
    this.#visits.delete(client);
  }

  #lastVisited(endpoints: readonly Endpoint[], client: string, now: number): Endpoint | undefined {
    const visit = this.#visits.get(client);
    if (visit === undefined || now - visit.lastUsed > this.#affinity) return undefined;
    return endpoints.find((endpoint) => keyOf(endpoint) === visit.endpoint);
  }

  #inTurn(set: EndpointSet, endpoints: readonly Endpoint[], tried: readonly Endpoint[]): Endpoint | undefined {
    const { length } = endpoints;
    for (let step = 0; step < length; step += 1) {
      const index = (this.#next[set] + step) % length;
      const endpoint = endpoints[index]!;
      if (tried.length < length && tried.some((other) => keyOf(other) === keyOf(endpoint))) continue;
      this.#next[set] = index + 1;
      return endpoint;
    }
    return endpoints[0];
  }

  #remember(client: string, endpoint: Endpoint, now: number): void {
    this.#visits.delete(client);
    this.#visits.set(client, { endpoint: keyOf(endpoint), lastUsed: now });
    for (const [oldest, { lastUsed }] of this.#visits) {
      if (this.#visits.size <= mostClients && now - lastUsed <= this.#affinity) return;
      this.#visits.delete(oldest);
    }
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

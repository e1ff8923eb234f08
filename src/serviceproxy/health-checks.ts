import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Family } from "../ip/address.ts";
import { http } from "../role/http.ts";
import type { RowChange, ServicePort } from "./table.ts";

export interface HealthCheckOptions {
  /** Where to listen in a family; undefined: on all addresses of it. Asked for when a server is started. */
  addresses: (family: Family) => readonly string[] | undefined;
  /** Whether rules follow the API in time. */
  isProxyHealthy: () => boolean;
  /** A port that cannot be listened on; told once, tried again every five seconds. */
  onFailure: (service: ServiceName, port: number, error: Error) => void;
}

export interface ServiceName {
  namespace: string;
  name: string;
}

/** Where health checks find the rows of a Service: the ServiceTable. */
interface RowSource {
  unitRows(unit: string): readonly ServicePort[];
}

interface Check {
  service: ServiceName;
  family: Family;
  port: number;
  /** Ready endpoints on this node. */
  ready: number;
  servers: Server[];
  retry: NodeJS.Timeout | undefined;
  isToldOf: boolean;
}

const retryInterval = 5000;

/**
 * The ports (healthCheckNodePort) by which load balancers learn whether this node has endpoints of a Service with externalTrafficPolicy
 * Local. Each answers any path: 200 while the node has ready endpoints and the proxy keeps up, else 503, and how many there are in the body
 * and in X-Load-Balancing-Endpoint-Weight. Answers are those of kube-proxy 1.36; a changed endpoint costs a number.
 */
export class HealthChecks {
  readonly #options: HealthCheckOptions;
  /** "default/web/4" */
  readonly #checks = new Map<string, Check>();
  /** Services that changed since the last apply, with the families that they have it in. */
  readonly #dirty = new Map<string, Set<Family>>();

  constructor(options: HealthCheckOptions) {
    this.#options = options;
  }

  /** Notes what changed in the table. */
  note(changes: Iterable<RowChange>): void {
    for (const { before, after } of changes)
      for (const row of [before, after]) {
        if (row === undefined || row.healthCheckNodePort === 0) continue;
        const unit = `${row.namespace}/${row.service}`;
        const families = this.#dirty.get(unit) ?? new Set();
        this.#dirty.set(unit, families.add(row.family));
      }
  }

  /** Follows the table in what was noted; called when the rules are written, so that nobody is sent here too early. */
  apply(table: RowSource): void {
    for (const [unit, families] of this.#dirty) {
      const rows = table.unitRows(unit);
      for (const family of families)
        this.#follow(
          unit,
          family,
          rows.filter((row) => row.family === family),
        );
    }
    this.#dirty.clear();
  }

  /** The addresses to listen on are others now. */
  rebind(): void {
    for (const check of this.#checks.values()) {
      stop(check);
      this.#start(check);
    }
  }

  close(): void {
    for (const check of this.#checks.values()) stop(check);
    this.#checks.clear();
  }

  #follow(unit: string, family: Family, rows: readonly ServicePort[]): void {
    const key = `${unit}/${family}`;
    const row = rows.find(({ healthCheckNodePort }) => healthCheckNodePort > 0);
    const known = this.#checks.get(key);
    if (known !== undefined && known.port !== row?.healthCheckNodePort) {
      stop(known);
      this.#checks.delete(key);
    }
    if (row === undefined) return;
    // A Pod behind two ports is one endpoint; one on its way out is none.
    const ready = new Set(rows.flatMap(({ local }) => local.filter((one) => one.ready).map(({ address }) => address)));
    const { namespace, service: name, healthCheckNodePort: port } = row;
    const check = this.#checks.get(key) ?? {
      service: { namespace, name },
      family,
      port,
      ready: 0,
      servers: [],
      retry: undefined,
      isToldOf: false,
    };
    check.ready = ready.size;
    if (this.#checks.has(key)) return;
    this.#checks.set(key, check);
    this.#start(check);
  }

  #start(check: Check): void {
    const { family } = check;
    const anywhere = family === 4 ? "0.0.0.0" : "::";
    const servers = (this.#options.addresses(family) ?? [anywhere]).map((host) => {
      const server = http.createServer({ requestTimeout: 10_000, headersTimeout: 5000 }, (request, response) =>
        this.#answer(check, request, response),
      );
      server.maxConnections = 256;
      server.on("error", (error) => {
        if (!check.servers.includes(server)) return;
        stop(check);
        if (!check.isToldOf) this.#options.onFailure(check.service, check.port, error);
        check.isToldOf = true;
        check.retry = setTimeout(() => this.#start(check), retryInterval);
      });
      return server.listen({ host, port: check.port, ipv6Only: family === 6 });
    });
    check.servers = servers;
  }

  #answer({ service, ready }: Check, request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const serviceProxyHealthy = this.#options.isProxyHealthy();
    response.writeHead(ready > 0 && serviceProxyHealthy ? 200 : 503, {
      "content-type": "application/json",
      "x-content-type-options": "nosniff",
      "x-load-balancing-endpoint-weight": String(ready),
    });
    response.end(JSON.stringify({ service, localEndpoints: ready, serviceProxyHealthy }));
  }
}

function stop(check: Check): void {
  clearTimeout(check.retry);
  const { servers } = check;
  check.servers = [];
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
}

import type { KubernetesClient } from "../../kubernetes/client.ts";
import { startReflector } from "../../kubernetes/list-watch.ts";
import type { Reflector } from "../../kubernetes/reflector.ts";
import { endpointSlices, namespaces, services } from "../../kubernetes/resource.ts";
import type { EndpointSlice, KubernetesObject, Namespace, Service } from "../../kubernetes/types.ts";
import { WatchTrouble } from "../../kubernetes/watch-trouble.ts";
import type { Logger } from "../../role/log.ts";
import type { ClusterConfig } from "../config.ts";
import { answer, type Zone } from "./answer.ts";
import { ClusterRecords } from "./cluster-records.ts";
import { emptyAnswer } from "./encode.ts";
import { type Answer, type Query, type ResourceRecord, responseCode } from "./message.ts";
import { type DnsServer, startDnsServer } from "./server.ts";

export interface DnsOptions {
  /** IPv4 address to listen on, UDP and TCP: the node's. */
  address: string;
  /** 53 when absent. */
  port?: number;
  /** Needs list and watch on services, namespaces and endpointslices.discovery.k8s.io in all namespaces (as system:coredns has). */
  client: KubernetesClient;
  config: Pick<ClusterConfig, "clusterDomain" | "dnsAddress">;
  log: Logger;
  /** A cache of all Services, when the process has one already; it stays its owner's to stop. */
  services?: Reflector<Service>;
}

/** Starts the cluster's DNS on one address. Rejects when it cannot listen; trouble with the API is logged and waited out. */
export async function startDns(options: DnsOptions): Promise<DnsServer> {
  const { address, port = 53, client, config, log } = options;
  const records = new ClusterRecords();
  const trouble = new WatchTrouble(log, "DNS cannot read the API; it answers from what it knows");
  const reflectors: Reflector<KubernetesObject>[] = [];

  const namespaceCache = startReflector<Namespace>(client, namespaces, {
    onError: trouble.of(namespaces.plural),
    transform: nameOnly,
  });
  namespaceCache.subscribe(({ type, object }) => {
    const name = object.metadata?.name ?? "";
    if (type === "deleted") records.deleteNamespace(name);
    else records.setNamespace(name);
  });
  const serviceCache =
    options.services ?? startReflector<Service>(client, services, { onError: trouble.of(services.plural) });
  const unsubscribe = serviceCache.subscribe(({ type, object }) => {
    if (type === "deleted") records.deleteService(object);
    else records.setService(object);
  });
  const sliceCache = startReflector<EndpointSlice>(client, endpointSlices, {
    onError: trouble.of(endpointSlices.plural),
    transform: dnsPart,
  });
  sliceCache.subscribe((change) => {
    if (change.type === "deleted") records.deleteSlice(change.object);
    else records.setSlice(change.object, change.type === "modified" ? change.old : undefined);
  });
  reflectors.push(namespaceCache, serviceCache, sliceCache);
  const stopReflectors = () => {
    unsubscribe();
    for (const reflector of reflectors) if (reflector !== options.services) reflector.stop();
  };

  const domain = config.clusterDomain.toLowerCase().replace(/\.$/, "").split(".");
  let turn = 0;
  const resolve = (query: Query): Answer => {
    const zone: Zone = { domain, dnsAddress: config.dnsAddress, serial: records.serial };
    const found = answer(query.question, records, zone);
    if (found === undefined) return nothingOutside(query);
    // Before the first list a name that is missing may only be unknown yet: the client shall ask again.
    if (found.answers.length === 0 && !reflectors.every(({ isSynced }) => isSynced))
      return emptyAnswer(responseCode.SERVFAIL);
    turn += 1;
    return { ...found, answers: rotate(found.answers, turn) };
  };
  try {
    const server = await startDnsServer(address, port, resolve, log);
    return {
      port: server.port,
      async stop() {
        stopReflectors();
        await server.stop();
      },
    };
  } catch (error) {
    stopReflectors();
    throw error;
  }
}

/**
 * Namespaces have no way out of the machine, so a name outside the cluster never exists: a stub resolver hears so at once and finally, where
 * REFUSED would let it ask again and again. A forwarder would take this function's place. A question not meant for a resolver is refused.
 */
function nothingOutside(query: Query): Answer {
  return emptyAnswer(query.recursionDesired ? responseCode.NXDOMAIN : responseCode.REFUSED);
}

/** Clients mostly take the first address: each answer begins with another one. An alias stays in front of what it leads to. */
export function rotate(records: readonly ResourceRecord[], turn: number): readonly ResourceRecord[] {
  const fixed = records.filter(({ type }) => type === "CNAME");
  const rest = records.filter(({ type }) => type !== "CNAME");
  if (rest.length < 2) return records;
  const start = turn % rest.length;
  return [...fixed, ...rest.slice(start), ...rest.slice(0, start)];
}

function nameOnly({ metadata = {} }: Namespace): Namespace {
  const { name, uid, resourceVersion } = metadata;
  return { metadata: { name, uid, resourceVersion } };
}

/** EndpointSlices are the bulk of a cluster; DNS needs little of each endpoint. */
function dnsPart({ metadata = {}, addressType, ports, endpoints }: EndpointSlice): EndpointSlice {
  const { name, namespace, uid, resourceVersion, labels } = metadata;
  return {
    metadata: { name, namespace, uid, resourceVersion, labels },
    addressType,
    ports,
    endpoints: (endpoints ?? []).map(({ addresses, hostname, conditions }) => ({
      addresses,
      hostname,
      conditions: { ready: conditions?.ready },
    })),
  };
}

/** Services and EndpointSlices for tests, out of the short form that the tables in this folder are written in. */
import type { EndpointSlice, Service } from "../../kubernetes/types.ts";
import { serviceNameLabel } from "../inputs.ts";

export interface ShortService {
  /** "namespace/name" */
  service: string;
  ip?: string;
  ips?: string[];
  type?: string;
  /** "http/TCP 80", "http/TCP 80 node 30080" */
  ports?: string[];
  external?: string[];
  /** Addresses of the load balancer, "1.2.3.4" or "1.2.3.4 Proxy". */
  balancer?: string[];
  ranges?: string[];
  health?: number;
  affinity?: number;
  etp?: string;
  itp?: string;
}

export interface ShortSlice {
  /** "namespace/name" */
  slice: string;
  /** Name of the Service; none: the slice belongs to nobody. */
  of?: string;
  /** Address type, IPv4 when absent. */
  type?: string;
  /** "http/TCP 80", or the port as the API has it. */
  ports: (string | object)[];
  /** "10.0.0.1 @node ready=no serving=yes terminating=yes zones=a|b nodes=c" */
  endpoints: string[];
}

function split(path: string): { namespace: string; name: string } {
  const [namespace = "", name = ""] = path.split("/");
  return { namespace, name };
}

function readPort(text: string) {
  const [id = "", port, , nodePort] = text.split(" ");
  const [name, protocol] = id.split("/");
  return { name, protocol, port: Number(port), ...(nodePort === undefined ? {} : { nodePort: Number(nodePort) }) };
}

export function expandService(short: ShortService): Service {
  const ingress = short.balancer?.map((text) => {
    const [ip, ipMode] = text.split(" ");
    return { ip, ipMode };
  });
  return {
    metadata: split(short.service),
    spec: {
      type: short.type,
      clusterIP: short.ip,
      clusterIPs: short.ips,
      ports: short.ports?.map(readPort),
      externalIPs: short.external,
      loadBalancerSourceRanges: short.ranges,
      healthCheckNodePort: short.health,
      externalTrafficPolicy: short.etp,
      internalTrafficPolicy: short.itp,
      ...(short.affinity === undefined
        ? {}
        : { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: short.affinity } } }),
    },
    status: { loadBalancer: { ingress } },
  };
}

export function expandSlice(short: ShortSlice): EndpointSlice {
  const owner = short.of === undefined ? {} : { labels: { [serviceNameLabel]: short.of } };
  return {
    metadata: { ...split(short.slice), ...owner },
    addressType: short.type ?? "IPv4",
    ports: short.ports.map((port) => (typeof port === "string" ? readPort(port) : port)),
    endpoints: short.endpoints.map(readEndpoint),
  };
}

function readEndpoint(text: string): EndpointSlice["endpoints"][number] {
  const [addresses = "", ...words] = text.split(" ");
  const node = words.find((word) => word.startsWith("@"))?.slice(1);
  const values = new Map(words.filter((word) => word.includes("=")).map((word) => word.split("=") as [string, string]));
  const flag = (name: string) => (values.has(name) ? values.get(name) === "yes" : undefined);
  const names = (key: string) =>
    values
      .get(key)
      ?.split("|")
      .map((name) => ({ name }));
  const hints = { forZones: names("zones"), forNodes: names("nodes") };
  return {
    addresses: addresses.split(","),
    ...(node === undefined ? {} : { nodeName: node }),
    conditions: { ready: flag("ready"), serving: flag("serving"), terminating: flag("terminating") },
    ...(hints.forZones || hints.forNodes ? { hints } : {}),
  };
}

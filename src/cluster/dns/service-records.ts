import type { EndpointSlice, Service } from "../../kubernetes/types.ts";
import { canonicalAddress } from "./address.ts";
import type { Name } from "./message.ts";

/** What the DNS says below one Service's name. */
export interface ServiceRecords {
  /** At the Service's own name: cluster addresses, or those of every ready endpoint of a headless Service. IPv4 and IPv6. */
  addresses: readonly string[];
  /** The CNAME of a Service of type ExternalName. */
  alias?: Name;
  /** Endpoints of a headless Service by host name. */
  hosts: ReadonlyMap<string, readonly string[]>;
  /** Named ports, for SRV records. */
  ports: readonly PortRecords[];
}

export interface PortRecords {
  /** Lower case, as everything compared with a question. */
  name: string;
  protocol: "tcp" | "udp" | "sctp";
  /** Without `host` the target is the Service itself. */
  targets: readonly { port: number; host?: string }[];
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === "None";
}

/** Compiles a Service and, when it is headless, its EndpointSlices by the Kubernetes DNS specification 1.1.0. Pure. */
export function compileService(service: Service, slices: Iterable<EndpointSlice>): ServiceRecords {
  const { spec } = service;
  if (spec?.type === "ExternalName") {
    return { addresses: [], alias: parseName(spec.externalName ?? ""), hosts: new Map(), ports: [] };
  }
  if (isHeadless(service)) return compileHeadless(slices);
  const addresses = (spec?.clusterIPs ?? [spec?.clusterIP ?? ""]).flatMap((address) => canonicalAddress(address) ?? []);
  const ports = (spec?.ports ?? []).map(({ name, protocol, port }) => ({
    name: (name ?? "").toLowerCase(),
    protocol: protocolOf(protocol),
    targets: [{ port }],
  }));
  return { addresses, hosts: new Map(), ports: addresses.length > 0 ? ports.filter(({ name }) => name !== "") : [] };
}

function compileHeadless(slices: Iterable<EndpointSlice>): ServiceRecords {
  const addresses = new Set<string>();
  const hosts = new Map<string, Set<string>>();
  const ports = new Map<
    string,
    Omit<PortRecords, "targets"> & { targets: Map<string, { port: number; host: string }> }
  >();
  for (const slice of slices) {
    for (const endpoint of slice.endpoints ?? []) {
      // Absent means ready. The controller sets it for publishNotReadyAddresses too.
      if (endpoint.conditions?.ready === false) continue;
      const address = canonicalAddress(endpoint.addresses[0] ?? "");
      if (address === undefined) continue;
      const host = (endpoint.hostname || address.replace(/[.:]/g, "-")).toLowerCase();
      addresses.add(address);
      hosts.set(host, (hosts.get(host) ?? new Set()).add(address));
      for (const { name = "", port, protocol } of slice.ports ?? []) {
        if (name === "" || port === undefined) continue;
        const key = `${protocolOf(protocol)} ${name}`;
        const known = ports.get(key) ?? {
          name: name.toLowerCase(),
          protocol: protocolOf(protocol),
          targets: new Map(),
        };
        ports.set(key, known);
        // Two addresses of one host are one target.
        known.targets.set(`${host} ${port}`, { port, host });
      }
    }
  }
  return {
    addresses: [...addresses],
    hosts: new Map([...hosts].map(([host, set]) => [host, [...set]])),
    ports: [...ports.values()].map((port) => ({ ...port, targets: [...port.targets.values()] })),
  };
}

function protocolOf(protocol: string | undefined): PortRecords["protocol"] {
  return protocol === "UDP" ? "udp" : protocol === "SCTP" ? "sctp" : "tcp";
}

/** A domain name's labels; undefined when it cannot be one. */
function parseName(text: string): Name | undefined {
  const labels = text.replace(/\.$/, "").split(".");
  const fits = text.length <= 253 && labels.every((label) => label.length > 0 && label.length <= 63);
  return fits && /^[\x21-\x7e]*$/.test(text) ? labels : undefined;
}

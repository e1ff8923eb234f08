import type { EndpointSlice, Service } from "../../kubernetes/types.ts";
import { compileService, isHeadless, type ServiceRecords } from "./service-records.ts";

/** What questions are answered from. */
export interface Records {
  hasNamespace(namespace: string): boolean;
  service(namespace: string, name: string): ServiceRecords | undefined;
  /** Names of an address, below the cluster's domain, for PTR; canonical spelling. */
  reverse(address: string): Iterable<readonly string[]>;
}

interface Entry {
  service: Service;
  records: ServiceRecords;
}

const serviceNameLabel = "kubernetes.io/service-name";

/**
 * The index of all Services' records, kept up to date one object at a time: a change costs what its Service has, not what the cluster has.
 * It ends the same whatever the order of changes, also when slices come before their Service.
 */
export class ClusterRecords implements Records {
  readonly #namespaces = new Set<string>();
  readonly #services = new Map<string, Entry>();
  /** By the Service's key, then by the slice's name. */
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();
  /** Address → Service key → names relative to the cluster's domain. */
  readonly #reverse = new Map<string, Map<string, string[][]>>();
  #changes = 0;

  /** Counts the changes; the serial of the zone. */
  get serial(): number {
    return this.#changes;
  }

  hasNamespace(namespace: string): boolean {
    return this.#namespaces.has(namespace);
  }

  service(namespace: string, name: string): ServiceRecords | undefined {
    return this.#services.get(`${namespace}/${name}`)?.records;
  }

  *reverse(address: string): Iterable<readonly string[]> {
    for (const names of this.#reverse.get(address)?.values() ?? []) yield* names;
  }

  setNamespace(name: string): void {
    this.#namespaces.add(name);
  }
  deleteNamespace(name: string): void {
    this.#namespaces.delete(name);
  }

  setService(service: Service): void {
    this.#compile(keyOf(service), service);
  }
  deleteService(service: Service): void {
    this.#compile(keyOf(service), undefined);
  }

  setSlice(slice: EndpointSlice, old?: EndpointSlice): void {
    if (old !== undefined && serviceOf(old) !== serviceOf(slice)) this.deleteSlice(old);
    const key = serviceOf(slice);
    if (key === undefined) return;
    const slices = this.#slices.get(key) ?? new Map<string, EndpointSlice>();
    this.#slices.set(key, slices.set(slice.metadata?.name ?? "", slice));
    this.#refresh(key);
  }
  deleteSlice(slice: EndpointSlice): void {
    const key = serviceOf(slice);
    if (key === undefined) return;
    const slices = this.#slices.get(key);
    slices?.delete(slice.metadata?.name ?? "");
    if (slices?.size === 0) this.#slices.delete(key);
    this.#refresh(key);
  }

  /** Slices matter to headless Services only. */
  #refresh(key: string): void {
    const service = this.#services.get(key)?.service;
    if (service !== undefined && isHeadless(service)) this.#compile(key, service);
  }

  #compile(key: string, service: Service | undefined): void {
    this.#changes += 1;
    const before = this.#services.get(key);
    if (before !== undefined) this.#forgetReverse(key, before.records);
    if (service === undefined) {
      this.#services.delete(key);
      return;
    }
    const records = compileService(service, this.#slices.get(key)?.values() ?? []);
    this.#services.set(key, { service, records });
    const name = [service.metadata?.name ?? "", service.metadata?.namespace ?? "", "svc"];
    if (records.hosts.size === 0) for (const address of records.addresses) this.#addReverse(key, address, name);
    for (const [host, addresses] of records.hosts) {
      for (const address of addresses) this.#addReverse(key, address, [host, ...name]);
    }
  }

  #addReverse(key: string, address: string, name: string[]): void {
    const services = this.#reverse.get(address) ?? new Map<string, string[][]>();
    this.#reverse.set(address, services.set(key, [...(services.get(key) ?? []), name]));
  }

  #forgetReverse(key: string, records: ServiceRecords): void {
    for (const address of records.addresses) {
      const services = this.#reverse.get(address);
      services?.delete(key);
      if (services?.size === 0) this.#reverse.delete(address);
    }
  }
}

function keyOf(service: Service): string {
  return `${service.metadata?.namespace}/${service.metadata?.name}`;
}

function serviceOf(slice: EndpointSlice): string | undefined {
  const name = slice.metadata?.labels?.[serviceNameLabel];
  return name ? `${slice.metadata?.namespace}/${name}` : undefined;
}

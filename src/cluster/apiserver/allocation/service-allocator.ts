import { contains, formatIPv4, formatPrefix, parseIPv4, sizeOf } from "../../../ip/ipv4.ts";
import type { Service } from "../../../kubernetes/types.ts";
import type { FieldError } from "../kinds/descriptor.ts";
import { needsClusterIP, needsHealthCheckNodePort, needsNodePort } from "../kinds/service/type.ts";
import type { Allocation } from "../registry.ts";
import type { ServiceAddresses } from "./addresses.ts";
import { NumberPool } from "./number-pool.ts";

export interface ServiceAllocatorOptions extends ServiceAddresses {
  random?: (below: number) => number;
}

/** One thing that a Service holds or wants: a number of a pool, or any number when `number` is undefined. */
interface Want {
  pool: NumberPool;
  number: number | undefined;
  field: string;
  write(number: number): void;
  /** What the field held, for messages. */
  value: unknown;
}

/**
 * Hands out cluster addresses and node ports. All of it runs in the synchronous section of a write, so two Services can never get one value;
 * a write that does not happen undoes it. Nothing is stored here: the Services in the store are the truth, and `rebuild` reads them.
 */
export class ServiceAllocator {
  readonly #options: ServiceAllocatorOptions;
  readonly #addresses: NumberPool;
  readonly #ports: NumberPool;
  readonly #owners: ReadonlyMap<number, string>;

  constructor(options: ServiceAllocatorOptions) {
    this.#options = options;
    const { serviceCIDR, nodePorts, reserved, random } = options;
    // The lower part is left to people who choose by hand, as in Kubernetes (KEP-3070, KEP-3668).
    const size = sizeOf(serviceCIDR);
    const first = serviceCIDR.base + 1;
    const staticAddresses = clamp(Math.floor(size / 16), 16, 256);
    this.#addresses = new NumberPool({
      first,
      last: serviceCIDR.base + size - 2,
      dynamicFrom: first + (size > 32 ? staticAddresses : 0),
      random,
    });
    const [low, high] = nodePorts;
    const staticPorts = clamp(Math.floor((high - low + 1) / 32), 16, 128);
    this.#ports = new NumberPool({
      first: low,
      last: high,
      dynamicFrom: low + (high - low > 32 ? staticPorts : 0),
      random,
    });
    this.#owners = new Map([...reserved].map(([owner, address]) => [address, owner]));
    for (const address of reserved.values()) this.#addresses.take(address);
  }

  /** Starts again from what is stored. */
  rebuild(services: Iterable<Service>): void {
    this.#addresses.clear();
    this.#ports.clear();
    for (const address of this.#owners.keys()) this.#addresses.take(address);
    for (const service of services) {
      for (const { pool, number } of this.#wants(service)) if (number !== undefined) pool.take(number);
    }
  }

  /** Fills in what the Service has to be given, and takes what it asks for. What `old` holds and the Service does not is freed by `commit`. */
  allocate(service: Service, old: Service | undefined): Allocation {
    const held = old === undefined ? [] : this.#wants(old);
    const taken: { pool: NumberPool; number: number }[] = [];
    const errors: FieldError[] = [];
    const owns = (pool: NumberPool, number: number) =>
      held.some((one) => one.pool === pool && one.number === number) ||
      taken.some((one) => one.pool === pool && one.number === number);
    for (const want of this.#wants(service)) {
      const { pool, number } = want;
      if (number !== undefined && owns(pool, number)) continue;
      const got = number === undefined ? pool.takeAny() : this.#takeGiven(pool, number, service);
      if (got === undefined) errors.push(this.#refusal(want));
      else {
        if (pool !== this.#addresses || !this.#owners.has(got)) taken.push({ pool, number: got });
        want.write(got);
      }
    }
    return {
      errors,
      undo: () => {
        for (const { pool, number } of taken) pool.release(number);
      },
      commit: () => {
        const kept = this.#wants(service);
        for (const { pool, number } of held) {
          if (number !== undefined && !kept.some((one) => one.pool === pool && one.number === number)) {
            this.#release(pool, number);
          }
        }
      },
    };
  }

  /** Frees everything that a Service held. */
  release(service: Service): void {
    for (const { pool, number } of this.#wants(service)) if (number !== undefined) this.#release(pool, number);
  }

  #release(pool: NumberPool, number: number): void {
    if (pool !== this.#addresses || !this.#owners.has(number)) pool.release(number);
  }

  #takeGiven(pool: NumberPool, number: number, { metadata }: Service): number | undefined {
    const owner = pool === this.#addresses ? this.#owners.get(number) : undefined;
    if (owner !== undefined) return owner === `${metadata?.namespace}/${metadata?.name}` ? number : undefined;
    return pool.take(number) ? number : undefined;
  }

  #wants(service: Service): Want[] {
    const wants = [...this.#addressWants(service)];
    const { spec } = service;
    if (needsNodePort(service)) {
      // One number may serve TCP and UDP of one Service: the second want finds it held already.
      for (const [index, port] of (spec?.ports ?? []).entries()) {
        wants.push(
          this.#portWant(port.nodePort, `spec.ports[${index}].nodePort`, (number) => {
            port.nodePort = number;
          }),
        );
      }
    }
    if (needsHealthCheckNodePort(service)) {
      wants.push(
        this.#portWant(spec?.healthCheckNodePort, "spec.healthCheckNodePort", (number) => {
          spec!.healthCheckNodePort = number;
        }),
      );
    }
    // What is asked for by number first: a number by chance must not take it away.
    return wants.sort((a, b) => Number(a.number === undefined) - Number(b.number === undefined));
  }

  #addressWants(service: Service): Want[] {
    const { spec } = service;
    const address = spec?.clusterIPs?.[0] || spec?.clusterIP;
    if (!needsClusterIP(service) || address === "None") return [];
    return [
      {
        pool: this.#addresses,
        number: address ? (parseIPv4(address) ?? -1) : undefined,
        field: "spec.clusterIPs",
        value: [address ?? ""],
        write: (number) => {
          spec!.clusterIP = formatIPv4(number);
          spec!.clusterIPs = [spec!.clusterIP];
        },
      },
    ];
  }

  #portWant(number: number | undefined, field: string, write: (number: number) => void): Want {
    return { pool: this.#ports, number: number || undefined, field, value: number ?? 0, write };
  }

  /** Kubernetes' words (core/service/ipallocator, portallocator). */
  #refusal({ pool, number, field, value }: Want): FieldError {
    const invalid = (detail: string): FieldError => ({
      reason: "FieldValueInvalid",
      field,
      message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
    });
    if (pool === this.#ports) {
      if (number === undefined) return invalid("failed to allocate a nodePort: range is full");
      if (pool.contains(number)) return invalid("provided port is already allocated");
      return invalid(`provided port is not in the valid range. The range of valid ports is ${pool.first}-${pool.last}`);
    }
    if (number === undefined) return invalid("failed to allocate IP: range is full");
    const address = (value as string[])[0];
    if (number >= 0 && contains(this.#options.serviceCIDR, number) && pool.contains(number)) {
      return invalid(`failed to allocate IP ${address}: provided IP is already allocated`);
    }
    const range = formatPrefix(this.#options.serviceCIDR);
    return invalid(
      `failed to allocate IP ${address}: the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range}`,
    );
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

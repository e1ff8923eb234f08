import type { IPFamily } from "../../../kubernetes/ip-family.ts";
import type { Service } from "../../../kubernetes/types.ts";
import type { FieldError } from "../kinds/descriptor.ts";
import { isHeadless, needsClusterIP, needsHealthCheckNodePort, needsNodePort } from "../kinds/service/type.ts";
import { invalid } from "../kinds/validation/errors.ts";
import type { Allocation } from "../registry.ts";
import { AddressPool } from "./address-pool.ts";
import type { ServiceAddresses } from "./addresses.ts";
import { clamp, NumberPool } from "./number-pool.ts";

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
  /** Why it cannot be had. Kubernetes' words (core/service/ipallocator, portallocator). */
  refusal: string;
}

/**
 * Hands out cluster addresses and node ports. All of it runs in the synchronous section of a write, so two Services can never get one value;
 * a write that does not happen undoes it. Nothing is stored here: the Services in the store are the truth, and `rebuild` reads them.
 */
export class ServiceAllocator {
  /** One for each family, the default one first. */
  readonly #addresses: readonly AddressPool[];
  readonly #ports: NumberPool;
  /** Of reserved addresses of the default family. */
  readonly #owners: ReadonlyMap<number, string>;

  constructor({ ranges, nodePorts, reserved, random }: ServiceAllocatorOptions) {
    this.#addresses = ranges.map((range) => new AddressPool(range, random));
    const [low, high] = nodePorts;
    // KEP-3668, as KEP-3070 for addresses.
    const chosenByHand = clamp(Math.floor((high - low + 1) / 32), 16, 128);
    this.#ports = new NumberPool({
      first: low,
      last: high,
      dynamicFrom: low + (high - low > 32 ? chosenByHand : 0),
      random,
    });
    this.#owners = new Map([...reserved].map(([owner, address]) => [this.#addresses[0]!.numberOf(address), owner]));
    this.#reserve();
  }

  /** The families that Services can have addresses of, the default one first. */
  get families(): IPFamily[] {
    return this.#addresses.map(({ family }) => family);
  }

  /** Starts again from what is stored. */
  rebuild(services: Iterable<Service>): void {
    for (const { numbers } of this.#addresses) numbers.clear();
    this.#ports.clear();
    this.#reserve();
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
      if (got === undefined) errors.push(invalid(want.field, want.value, want.refusal));
      else {
        if (this.#ownerOf(pool, got) === undefined) taken.push({ pool, number: got });
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

  #reserve(): void {
    for (const number of this.#owners.keys()) this.#addresses[0]!.numbers.take(number);
  }

  #ownerOf(pool: NumberPool, number: number): string | undefined {
    return pool === this.#addresses[0]!.numbers ? this.#owners.get(number) : undefined;
  }

  #release(pool: NumberPool, number: number): void {
    if (this.#ownerOf(pool, number) === undefined) pool.release(number);
  }

  #takeGiven(pool: NumberPool, number: number, { metadata }: Service): number | undefined {
    const owner = this.#ownerOf(pool, number);
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

  /** An address for each family of the Service; a family that the cluster no longer has gets none. */
  #addressWants(service: Service): Want[] {
    const { spec } = service;
    if (!needsClusterIP(service) || isHeadless(service)) return [];
    return (spec?.ipFamilies ?? []).flatMap((family, index) => {
      const pool = this.#addresses.find((one) => one.family === family);
      if (pool === undefined) return [];
      const address = spec?.clusterIPs?.[index];
      const number = address === undefined ? undefined : pool.numberOf(address);
      const write = (given: number) => {
        spec!.clusterIPs = (spec!.clusterIPs ?? []).toSpliced(index, 1, address ?? pool.addressOf(given));
        spec!.clusterIP = spec!.clusterIPs[0];
      };
      const refusal = addressRefusal(pool, address, number);
      return [
        { pool: pool.numbers, number, field: "spec.clusterIPs", value: spec?.clusterIPs ?? [""], write, refusal },
      ];
    });
  }

  #portWant(number: number | undefined, field: string, write: (number: number) => void): Want {
    const refusal = portRefusal(this.#ports, number || undefined);
    return { pool: this.#ports, number: number || undefined, field, value: number ?? 0, write, refusal };
  }
}

function addressRefusal({ numbers, range }: AddressPool, address: string | undefined, number = -1): string {
  if (address === undefined) return "failed to allocate IP: range is full";
  const why = numbers.contains(number)
    ? "provided IP is already allocated"
    : `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range}`;
  return `failed to allocate IP ${address}: ${why}`;
}

function portRefusal({ first, last }: NumberPool, port: number | undefined): string {
  if (port === undefined) return "failed to allocate a nodePort: range is full";
  if (port >= first && port <= last) return "provided port is already allocated";
  return `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
}

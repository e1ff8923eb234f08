/** Random edits of Services and EndpointSlices of both families: what an API with many hands on it may send, in any order. */
import fc from "fast-check";
import type { EndpointSlice, Service } from "../../kubernetes/types.ts";
import type { ServiceInputs } from "../inputs.ts";
import { expandService, expandSlice, type ShortService } from "./objects.ts";

/** Objects as the API would have them, and the proxy's inputs that are told of every change. */
export class EditedObjects {
  readonly inputs: ServiceInputs;
  readonly #services = new Map<string, Service>();
  readonly #slices = new Map<string, EndpointSlice>();

  constructor(inputs: ServiceInputs) {
    this.inputs = inputs;
  }

  setService(service: Service): void {
    this.#services.set(service.metadata?.name ?? "", service);
    this.inputs.setService(service);
  }
  deleteService(name: string): void {
    const service = this.#services.get(name);
    if (service !== undefined) this.inputs.deleteService(service);
    this.#services.delete(name);
  }
  setSlice(slice: EndpointSlice): void {
    const name = slice.metadata?.name ?? "";
    this.inputs.setSlice(slice, this.#slices.get(name));
    this.#slices.set(name, slice);
  }
  deleteSlice(name: string): void {
    const slice = this.#slices.get(name);
    if (slice !== undefined) this.inputs.deleteSlice(slice);
    this.#slices.delete(name);
  }

  /** Tells the inputs of another proxy everything, as a first list does. */
  listTo(inputs: ServiceInputs): void {
    for (const service of this.#services.values()) inputs.setService(service);
    for (const slice of this.#slices.values()) inputs.setSlice(slice);
  }
}

export type Edit = (objects: EditedObjects) => void;

export interface EditRange {
  /** How many there are at most. */
  services: number;
  slices: number;
  /** In one slice. */
  endpoints: number;
}

const types = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"];
const externals = ["192.168.99.1", "192.168.99.3", "2001:db8:99::1"];
const balancers = ["192.168.99.1", "192.168.99.2", "2001:db8:99::2", "2001:db8:99::1"];
const ranges = ["203.0.113.0/25", "192.168.0.0/24", "0.0.0.0/0", "2001:db8:7::/48"];
const states = ["", " @test-node", " ready=no", " @test-node ready=no serving=yes terminating=yes"];

function anyService(index: number): fc.Arbitrary<ShortService> {
  const [tcp, udp] = [30_000 + index * 2, 30_001 + index * 2];
  const ports = fc.constantFrom("a/TCP 80", `a/TCP 81 node ${tcp}`, "b/UDP 53", `b/UDP 53 node ${udp}`);
  const six = `fd00:96::${(index + 1).toString(16)}`;
  const four = `10.96.${Math.floor(index / 250)}.${(index % 250) + 1}`;
  return fc.record({
    service: fc.constant(`shop/s${index}`),
    ips: fc.constantFrom([four], [four], [six], [six, four]),
    ip: fc.constant("set"),
    ports: fc.uniqueArray(ports, { selector: (text) => text[0], maxLength: 2 }),
    type: fc.constantFrom(...types),
    external: fc.subarray(externals),
    balancer: fc.subarray(balancers),
    ranges: fc.subarray(ranges),
    affinity: fc.constantFrom(undefined, 10),
    etp: fc.constantFrom(undefined, "Local"),
    itp: fc.constantFrom(undefined, "Local"),
    health: fc.constantFrom(undefined, 32_000),
  });
}

/** One edit: a Service or a slice comes, changes or goes. */
export function anyEdit({ services, slices, endpoints }: EditRange): fc.Arbitrary<Edit> {
  const service = fc.nat(services - 1);
  const slice = fc.nat(slices - 1);
  const endpoint = fc.tuple(fc.nat(endpoints), fc.constantFrom(...states));
  const setService = service.chain(anyService).map((short): Edit => {
    const object = expandService(short);
    return (objects) => objects.setService(object);
  });
  const setSlice = fc
    .tuple(slice, service, fc.constantFrom("IPv4", "IPv6"), fc.array(endpoint, { maxLength: endpoints, size: "max" }))
    .map(([index, owner, type, chosen]): Edit => {
      const prefix = type === "IPv4" ? "10.1.0." : "fd00:1::";
      const object = expandSlice({
        slice: `shop/slice${index}`,
        of: `s${owner}`,
        type,
        ports: ["a/TCP 80", "b/UDP 53"],
        endpoints: chosen.map(([address, words]) => `${prefix}${address}${words}`),
      });
      return (objects) => objects.setSlice(object);
    });
  const deleteService = service.map(
    (index): Edit =>
      (objects) =>
        objects.deleteService(`s${index}`),
  );
  const deleteSlice = slice.map(
    (index): Edit =>
      (objects) =>
        objects.deleteSlice(`slice${index}`),
  );
  return fc.oneof(
    { weight: 3, arbitrary: setService },
    { weight: 4, arbitrary: setSlice },
    { weight: 1, arbitrary: fc.oneof(deleteService, deleteSlice) },
  );
}

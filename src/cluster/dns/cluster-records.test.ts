import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { EndpointSlice, Service } from "../../kubernetes/types.ts";
import { ClusterRecords } from "./cluster-records.ts";

type Edit = { service: Service } | { noService: string } | { slice: EndpointSlice } | { noSlice: string };

const names = ["a", "b"];
const addresses = ["10.32.0.1", "10.32.0.2", "10.32.0.3", "10.96.0.1"];

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ name: fc.constantFrom(...names), ip: fc.constantFrom("None", ...addresses) }).map(({ name, ip }) => ({
    service: { metadata: { name, namespace: "n" }, spec: { clusterIP: ip, ports: [{ name: "p", port: 1 }] } },
  })),
  fc.constantFrom(...names).map((noService) => ({ noService })),
  fc
    .record({
      name: fc.constantFrom("s1", "s2"),
      of: fc.constantFrom(...names),
      ready: fc.uniqueArray(fc.constantFrom(...addresses)),
    })
    .map(({ name, of, ready }) => ({
      slice: {
        metadata: { name, namespace: "n", labels: { "kubernetes.io/service-name": of } },
        addressType: "IPv4",
        ports: [{ name: "p", port: 1, protocol: "TCP" }],
        endpoints: ready.map((address) => ({ addresses: [address], conditions: { ready: true } })),
      },
    })),
  fc.constantFrom("s1", "s2").map((noSlice) => ({ noSlice })),
);

function snapshot(records: ClusterRecords) {
  const services = names.map((name) => {
    const found = records.service("n", name);
    if (found === undefined) return undefined;
    const ports = found.ports.map((port) => ({
      ...port,
      targets: port.targets.map((target) => JSON.stringify(target)).sort(),
    }));
    return {
      addresses: [...found.addresses].sort(),
      hosts: [...found.hosts].map((host) => host.join(" ")).sort(),
      ports,
    };
  });
  return {
    services,
    reverse: addresses.map((address) => [...records.reverse(address)].map((name) => name.join(".")).sort()),
  };
}

describe("ClusterRecords", () => {
  it("ends the same by any sequence of edits as from scratch", () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 40 }), (edits) => {
        const edited = new ClusterRecords();
        const services = new Map<string, Service>();
        const slices = new Map<string, EndpointSlice>();
        for (const change of edits) {
          if ("service" in change) {
            services.set(change.service.metadata?.name ?? "", change.service);
            edited.setService(change.service);
          } else if ("slice" in change) {
            const name = change.slice.metadata?.name ?? "";
            edited.setSlice(change.slice, slices.get(name));
            slices.set(name, change.slice);
          } else if ("noService" in change) {
            const service = services.get(change.noService);
            services.delete(change.noService);
            if (service !== undefined) edited.deleteService(service);
          } else {
            const slice = slices.get(change.noSlice);
            slices.delete(change.noSlice);
            if (slice !== undefined) edited.deleteSlice(slice);
          }
        }
        const scratch = new ClusterRecords();
        for (const slice of slices.values()) scratch.setSlice(slice);
        for (const service of services.values()) scratch.setService(service);
        assert.deepEqual(snapshot(edited), snapshot(scratch));
      }),
      { numRuns: 300 },
    );
  });
});

/** Any sequence of edits ends in the same rules as one compile and one full sync from scratch. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EndpointSlice } from "../../../kubernetes/types.ts";
import { expandConfig, IptablesFixture } from "../../testing/iptables-fixture.ts";
import { expandService, expandSlice, type ShortService } from "../../testing/objects.ts";

/** One edit of the objects, or one sync of what was edited so far. */
type Step = (world: World) => void;

class World {
  readonly fixture = new IptablesFixture(expandConfig({ local: "10.0.0.0/8" }));
  /** As the API would have them. */
  readonly slices = new Map<string, EndpointSlice>();
}

const serviceName = fc.nat(3);

function service(index: number, short: Omit<ShortService, "service" | "ip"> = {}) {
  return expandService({ ...short, service: `shop/s${index}`, ip: `10.96.0.${index + 1}` });
}

const setService: fc.Arbitrary<Step> = fc
  .tuple(
    serviceName,
    fc.record({
      ports: fc.uniqueArray(fc.constantFrom("a/TCP 80", "a/TCP 81 node 30001", "b/UDP 53", "b/UDP 53 node 30002"), {
        selector: (text) => text[0],
        maxLength: 2,
      }),
      type: fc.constantFrom("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
      external: fc.subarray(["192.168.99.1", "192.168.99.3"]),
      balancer: fc.subarray(["192.168.99.1", "192.168.99.2"]),
      ranges: fc.subarray(["203.0.113.0/25", "192.168.0.0/24", "0.0.0.0/0"]),
      affinity: fc.constantFrom(undefined, 10),
      etp: fc.constantFrom(undefined, "Local"),
      itp: fc.constantFrom(undefined, "Local"),
      health: fc.constantFrom(undefined, 32_000),
    }),
  )
  .map(
    ([index, short]) =>
      ({ fixture }: World) =>
        fixture.inputs.setService(service(index, short)),
  );

const deleteService: fc.Arbitrary<Step> = serviceName.map(
  (index) =>
    ({ fixture }: World) =>
      fixture.inputs.deleteService(service(index)),
);

const endpoint = fc
  .tuple(fc.nat(4), fc.constantFrom("", " @test-node", " ready=no", " @test-node ready=no serving=yes terminating=yes"))
  .map(([address, words]) => `10.1.0.${address}${words}`);

const setSlice: fc.Arbitrary<Step> = fc
  .tuple(fc.nat(5), serviceName, fc.array(endpoint, { maxLength: 4 }))
  .map(([index, owner, endpoints]) => ({ fixture, slices }: World) => {
    const slice = `shop/slice${index}`;
    const object = expandSlice({ slice, of: `s${owner}`, ports: ["a/TCP 80", "b/UDP 53"], endpoints });
    fixture.inputs.setSlice(object, slices.get(slice));
    slices.set(slice, object);
  });

const deleteSlice: fc.Arbitrary<Step> = fc.nat(5).map((index) => ({ fixture, slices }: World) => {
  const old = slices.get(`shop/slice${index}`);
  if (old !== undefined) fixture.inputs.deleteSlice(old);
  slices.delete(`shop/slice${index}`);
});

const apply: fc.Arbitrary<Step> = fc.constant(({ fixture }: World) => {
  fixture.applyChanges();
});
const full: fc.Arbitrary<Step> = fc.constant(({ fixture }: World) => {
  fixture.sync();
});

test("any changes in any order end in the rules of a fresh start", () => {
  const step = fc.oneof(setService, setSlice, setSlice, deleteService, deleteSlice, apply, apply, full);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const world = new World();
      const { fixture } = world;
      fixture.sync();
      for (const take of steps) take(world);
      fixture.applyChanges();
      const fresh = fixture.restart();
      for (const table of ["filter", "nat", "mangle"] as const)
        assert.deepEqual(fixture.model.comparable(table), fresh.model.comparable(table));
      assert.deepEqual(fixture.sync(), [], "a full sync finds nothing to do");
    }),
    { numRuns: 300 },
  );
});

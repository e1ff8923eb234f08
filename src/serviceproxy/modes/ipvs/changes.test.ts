/** Any sequence of edits, and of deaths in the middle of them, ends in what one compile and one full sync make from scratch. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyEdit, EditedObjects } from "../../testing/edits.ts";
import { FakeKernel, IpvsFixture } from "../../testing/ipvs-fixture.ts";
import { expandService, expandSlice } from "../../testing/objects.ts";

type Step = (world: World) => void | Promise<void>;

class World {
  fixture: IpvsFixture;
  readonly objects: EditedObjects;

  constructor(family: 4 | 6) {
    const localTraffic = { kind: "cidr", cidr: family === 4 ? "10.0.0.0/8" : "fd00:1::/64" } as const;
    this.fixture = new IpvsFixture({ family, localTraffic });
    // An external address that is the node's own.
    this.fixture.kernel.addresses.get(2)!.add("192.168.99.3").add("2001:db8:99::1");
    this.objects = new EditedObjects(this.fixture.inputs);
  }
  /** Another process on a kernel. */
  async restart(kernel: FakeKernel): Promise<IpvsFixture> {
    const next = new IpvsFixture(this.fixture.config, kernel);
    Object.assign(next, { inputs: this.fixture.inputs, table: this.fixture.table });
    await next.sync();
    return next;
  }
}

const edit = anyEdit({ services: 2, slices: 3, endpoints: 3 }).map(
  (change): Step =>
    ({ objects }) =>
      change(objects),
);
/** Endpoints of one Service that leave and come back. */
const flap = fc.subarray(["1", "2"]).map(
  (chosen): Step =>
    ({ objects, fixture }) => {
      const [type, prefix, ip] =
        fixture.config.family === 4 ? ["IPv4", "10.2.0.", "10.97.0.1"] : ["IPv6", "fd00:2::", "fd00:97::1"];
      objects.setService(expandService({ service: "shop/flap", ip, ports: ["a/TCP 80"] }));
      const endpoints = chosen.map((last) => prefix + last);
      objects.setSlice(expandSlice({ slice: "shop/flap", of: "flap", type, ports: ["a/TCP 80"], endpoints }));
    },
);
const apply: Step = ({ fixture }) => fixture.apply();
const retire: Step = ({ fixture }) => fixture.mode.retire();
const killed = fc.nat(12).map(
  (patience): Step =>
    async (world) => {
      const { kernel } = world.fixture;
      kernel.patience = patience;
      await world.fixture.apply().catch(() => {});
      kernel.patience = Number.POSITIVE_INFINITY;
      world.fixture = await world.restart(kernel);
    },
);

for (const family of [4, 6] as const)
  test(`IPv${family}: any changes in any order end in the kernel state of a fresh start`, async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: edit },
      { weight: 2, arbitrary: flap },
      { weight: 3, arbitrary: fc.constantFrom(apply, apply, retire) },
      { weight: 1, arbitrary: killed },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
        const world = new World(family);
        await world.fixture.sync();
        for (const take of steps) await take(world);
        const { fixture } = world;
        await fixture.apply();
        await fixture.mode.retire();
        assert.ok(await fixture.mode.isIntact());
        const fresh = new FakeKernel();
        fresh.addresses.get(2)!.add("192.168.99.3").add("2001:db8:99::1");
        await world.restart(fresh);
        // A family that was used once keeps its empty sets and its rules.
        if (fresh.sets.size > 0) assert.deepEqual(fixture.kernel.comparable(), fresh.comparable());
        fixture.kernel.calls.length = 0;
        await fixture.sync();
        assert.deepEqual(fixture.kernel.calls, [], "a full sync finds nothing to do");
      }),
      { numRuns: 100 },
    );
  });

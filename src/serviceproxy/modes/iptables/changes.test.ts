/** Any sequence of edits ends in the same rules as one compile and one full sync from scratch. test/proxy/changes.ts asks the kernel too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyEdit, EditedObjects } from "../../testing/edits.ts";
import { expandConfig, IptablesFixture } from "../../testing/iptables-fixture.ts";

/** One edit of the objects, or one sync of what was edited so far. */
type Step = (world: World) => void;

class World {
  readonly fixture: IptablesFixture;
  readonly objects: EditedObjects;

  constructor(family: 4 | 6) {
    const config = family === 4 ? { local: "10.0.0.0/8" } : { family, local: "fd00:1::/64" };
    this.fixture = new IptablesFixture(expandConfig(config));
    this.objects = new EditedObjects(this.fixture.inputs);
  }
}

const edit = anyEdit({ services: 4, slices: 6, endpoints: 4 }).map(
  (change): Step =>
    ({ objects }) =>
      change(objects),
);
const apply: Step = ({ fixture }) => {
  fixture.applyChanges();
};
const full: Step = ({ fixture }) => {
  fixture.sync();
};

for (const family of [4, 6] as const)
  test(`IPv${family}: any changes in any order end in the rules of a fresh start`, () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: edit },
      { weight: 2, arbitrary: fc.constant(apply) },
      { weight: 1, arbitrary: fc.constant(full) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const world = new World(family);
        const { fixture } = world;
        fixture.sync();
        for (const take of steps) take(world);
        fixture.applyChanges();
        const fresh = new IptablesFixture(fixture.config);
        world.objects.listTo(fresh.inputs);
        fresh.sync();
        for (const table of ["filter", "nat", "mangle"] as const)
          assert.deepEqual(fixture.model.comparable(table), fresh.model.comparable(table));
        assert.deepEqual(fixture.sync(), [], "a full sync finds nothing to do");
      }),
      { numRuns: 200 },
    );
  });

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { growNew, resolveFenceposts, scaleProportionally, shrinkOld } from "./rolling.ts";

test("resolveFenceposts: surge rounds up, unavailable down, never both zero", () => {
  const cases: [number | string | undefined, number | string | undefined, number, number, number][] = [
    ["25%", "25%", 4, 1, 1],
    ["25%", "25%", 2, 1, 0],
    ["25%", "25%", 10, 3, 2],
    ["25%", "25%", 1, 1, 0],
    [0, 0, 5, 0, 1],
    ["0%", "0%", 5, 0, 1],
    [0, "10%", 5, 0, 1],
    [3, 2, 10, 3, 2],
    [1, 20, 10, 1, 10],
    ["100%", 0, 3, 3, 0],
    [undefined, undefined, 3, 0, 1],
    ["x", "y", 3, 0, 1],
  ];
  for (const [maxSurge, maxUnavailable, replicas, surge, unavailable] of cases) {
    const name = `${maxSurge} ${maxUnavailable} of ${replicas}`;
    assert.deepEqual(resolveFenceposts(maxSurge, maxUnavailable, replicas), { surge, unavailable }, name);
  }
});

test("growNew", () => {
  const cases: [replicas: number, surge: number, size: number, total: number, expected: number][] = [
    [10, 3, 0, 10, 3],
    [10, 3, 3, 13, 3],
    [10, 3, 3, 11, 5],
    [10, 0, 0, 10, 0],
    [10, 0, 0, 8, 2],
    [2, 5, 0, 2, 2],
    [3, 1, 0, 0, 3],
    [3, 1, 1, 9, 1],
  ];
  for (const [replicas, surge, size, total, expected] of cases)
    assert.equal(growNew(replicas, surge, size, total), expected, `${replicas}+${surge}, ${size} of ${total}`);
});

test("shrinkOld", () => {
  const options = { replicas: 10, unavailable: 2, totalPods: 13, newUnavailable: 0, available: 13 };
  const cases: [string, Parameters<typeof shrinkOld>[0], Partial<typeof options>, Record<string, number>][] = [
    ["as many as availability allows", [{ name: "a", size: 10, available: 10 }], {}, { a: 5 }],
    [
      "nothing while the new ones are not available",
      [{ name: "a", size: 8, available: 8 }],
      { totalPods: 11, newUnavailable: 3, available: 8 },
      {},
    ],
    [
      "replicas that serve nobody go first",
      [
        { name: "a", size: 5, available: 5 },
        { name: "b", size: 5, available: 1 },
      ],
      { totalPods: 10, available: 6 },
      { b: 3 },
    ],
    [
      "oldest first",
      [
        { name: "a", size: 2, available: 2 },
        { name: "b", size: 8, available: 8 },
      ],
      {},
      { a: 0, b: 5 },
    ],
    [
      "a set of zero stays",
      [
        { name: "a", size: 0, available: 0 },
        { name: "b", size: 10, available: 10 },
      ],
      {},
      { b: 5 },
    ],
  ];
  for (const [name, old, change, expected] of cases)
    assert.deepEqual(Object.fromEntries(shrinkOld(old, { ...options, ...change })), expected, name);
});

test("scaleProportionally", () => {
  const set = (name: string, size: number, maxReplicas = 13, createdAt = 0) => ({ name, size, maxReplicas, createdAt });
  const cases: [string, Parameters<typeof scaleProportionally>[0], number, number, Record<string, number>][] = [
    // The example of Kubernetes' documentation: 10 → 15 in a rollout of 8 old and 5 new.
    ["from 10 to 15", [set("old", 8), set("new", 5)], 15, 3, { old: 11, new: 7 }],
    ["nothing to add", [set("old", 8), set("new", 5)], 10, 3, {}],
    ["down to zero", [set("old", 8), set("new", 5)], 0, 3, { old: 0, new: 0 }],
    ["down", [set("old", 8), set("new", 5)], 5, 2, { old: 4, new: 3 }],
    ["empty sets take no part", [set("old", 0), set("new", 5)], 10, 3, { new: 13 }],
  ];
  for (const [name, sets, replicas, surge, expected] of cases)
    assert.deepEqual(Object.fromEntries(scaleProportionally(sets, replicas, surge, 10)), expected, name);
});

test("whatever the state, proportional scaling adds up to replicas + surge and takes no set below zero", () => {
  const sets = fc.array(fc.record({ size: fc.nat(50), maxReplicas: fc.nat(100), createdAt: fc.nat(9) }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(sets, fc.integer({ min: 1, max: 60 }), fc.nat(20), (generated, replicas, surge) => {
      const named = generated.map((one, index) => ({ ...one, name: `s${index}` }));
      const active = named.filter(({ size }) => size > 0);
      const sizes = scaleProportionally(named, replicas, surge, replicas);
      const after = active.map(({ name, size }) => sizes.get(name) ?? size);
      assert.ok(after.every((size) => size >= 0));
      if (active.length > 0)
        assert.equal(
          after.reduce((sum, size) => sum + size, 0),
          replicas + surge,
        );
    }),
  );
});

test("a simulated rollout always ends, within the limits at every step", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(10), fc.nat(10), (replicas, maxSurge, maxUnavailable) => {
      const { surge, unavailable } = resolveFenceposts(maxSurge, maxUnavailable, replicas);
      let old = replicas;
      let fresh = 0;
      let freshAvailable = 0;
      let steps = 0;
      while (old > 0 || freshAvailable < replicas) {
        steps += 1;
        assert.ok(steps < 500, "ends");
        const grown = growNew(replicas, surge, fresh, old + fresh);
        if (grown !== fresh) {
          fresh = grown;
        } else {
          const sizes = shrinkOld([{ name: "old", size: old, available: old }], {
            replicas,
            unavailable,
            totalPods: old + fresh,
            newUnavailable: fresh - freshAvailable,
            available: old + freshAvailable,
          });
          old = sizes.get("old") ?? old;
          freshAvailable = fresh;
        }
        assert.ok(old + fresh <= replicas + surge, "never too many");
        assert.ok(old + freshAvailable >= replicas - unavailable, "never too few available");
      }
      assert.equal(fresh, replicas);
    }),
  );
});

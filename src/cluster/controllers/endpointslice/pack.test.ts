import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Endpoint } from "../../../kubernetes/types.ts";
import { type PortGroup, portsKey } from "./desired.ts";
import { type PackedSlice, type Packing, pack } from "./pack.ts";

const http = [{ name: "http", port: 80, protocol: "TCP" }];
const alternative = [{ name: "http", port: 8080, protocol: "TCP" }];

function endpoint(id: number, ready = true): Endpoint {
  return {
    addresses: [`10.0.${id >> 8}.${id & 255}`],
    conditions: { ready },
    targetRef: { kind: "Pod", uid: `u${id}` },
  };
}

function range(from: number, to: number): Endpoint[] {
  return Array.from({ length: to - from }, (_, index) => endpoint(from + index));
}

function groups(...list: [ports: typeof http, endpoints: Endpoint[]][]): Map<string, PortGroup> {
  return new Map(list.map(([ports, endpoints]) => [portsKey(ports), { ports, endpoints }]));
}

function sizes({ create, update, remove, keep }: Packing) {
  return {
    create: create.map(({ endpoints }) => endpoints.length),
    update: Object.fromEntries(update.map(({ name, endpoints }) => [name, endpoints.length])),
    remove,
    keep,
  };
}

const cases: [string, PackedSlice[], Map<string, PortGroup>, ReturnType<typeof sizes>][] = [
  ["first endpoints", [], groups([http, range(0, 3)]), { create: [3], update: {}, remove: [], keep: [] }],
  [
    "more than one slice",
    [],
    groups([http, range(0, 250)]),
    { create: [100, 100, 50], update: {}, remove: [], keep: [] },
  ],
  [
    "nothing changed, nothing written",
    [{ name: "a", ports: http, endpoints: range(0, 3) }],
    groups([http, range(0, 3)]),
    { create: [], update: {}, remove: [], keep: ["a"] },
  ],
  [
    "a change of one endpoint touches its slice only",
    [
      { name: "a", ports: http, endpoints: range(0, 100) },
      { name: "b", ports: http, endpoints: range(100, 150) },
    ],
    groups([http, [...range(0, 120), endpoint(120, false), ...range(121, 150)]]),
    { create: [], update: { b: 50 }, remove: [], keep: ["a"] },
  ],
  [
    "a new endpoint goes into the fullest slice with room",
    [
      { name: "a", ports: http, endpoints: range(0, 100) },
      { name: "b", ports: http, endpoints: range(100, 110) },
      { name: "c", ports: http, endpoints: range(110, 200) },
    ],
    groups([http, range(0, 201)]),
    { create: [], update: { c: 91 }, remove: [], keep: ["a", "b"] },
  ],
  [
    "new endpoints go into a slice that changes anyway",
    [
      { name: "a", ports: http, endpoints: range(0, 90) },
      { name: "b", ports: http, endpoints: range(100, 110) },
    ],
    groups([http, [...range(0, 90), ...range(101, 110), ...range(200, 205)]]),
    { create: [], update: { b: 14 }, remove: [], keep: ["a"] },
  ],
  [
    "an emptied slice goes",
    [
      { name: "a", ports: http, endpoints: range(0, 3) },
      { name: "b", ports: http, endpoints: range(3, 4) },
    ],
    groups([http, range(0, 3)]),
    { create: [], update: {}, remove: ["b"], keep: ["a"] },
  ],
  [
    "other ports, another slice",
    [{ name: "a", ports: http, endpoints: range(0, 3) }],
    groups([http, range(0, 2)], [alternative, range(2, 3)]),
    { create: [1], update: { a: 2 }, remove: [], keep: [] },
  ],
  ["no endpoints: one empty slice", [], new Map(), { create: [0], update: {}, remove: [], keep: [] }],
  [
    "the empty slice stays while there are none",
    [{ name: "a", ports: [], endpoints: [] }],
    new Map(),
    { create: [], update: {}, remove: [], keep: ["a"] },
  ],
  [
    "and goes with the first endpoint",
    [{ name: "a", ports: [], endpoints: [] }],
    groups([http, range(0, 1)]),
    { create: [1], update: {}, remove: ["a"], keep: [] },
  ],
  [
    "a slice that holds too much gives up the rest",
    [{ name: "a", ports: http, endpoints: range(0, 120) }],
    groups([http, range(0, 120)]),
    { create: [20], update: { a: 100 }, remove: [], keep: [] },
  ],
  [
    "an endpoint that is in two slices stays in one",
    [
      { name: "a", ports: http, endpoints: range(0, 2) },
      { name: "b", ports: http, endpoints: range(1, 3) },
    ],
    groups([http, range(0, 3)]),
    { create: [], update: { b: 1 }, remove: [], keep: ["a"] },
  ],
  [
    "an address that passed to another Pod is another endpoint",
    [{ name: "a", ports: http, endpoints: [endpoint(1)] }],
    groups([http, [{ ...endpoint(1), targetRef: { kind: "Pod", uid: "new" } }]]),
    { create: [], update: { a: 1 }, remove: [], keep: [] },
  ],
];

for (const [name, existing, desired, expected] of cases) {
  test(name, () => assert.deepEqual(sizes(pack(existing, desired)), expected));
}

const max = 5;

/** What is there after the writes. */
function apply(existing: readonly PackedSlice[], packing: Packing): PackedSlice[] {
  const updates = new Map(packing.update.map(({ name, endpoints }) => [name, endpoints]));
  const left = existing
    .filter(({ name }) => !packing.remove.includes(name))
    .map((slice) => ({ ...slice, endpoints: updates.get(slice.name) ?? slice.endpoints }));
  return [...left, ...packing.create.map(({ ports, endpoints }, index) => ({ name: `new${index}`, ports, endpoints }))];
}

const ids = fc.uniqueArray(fc.nat(40), { maxLength: 30 });
const state = fc.record({ http: ids, alternative: ids, unready: fc.array(fc.nat(40), { maxLength: 4 }) });

function desiredOf({
  http: first,
  alternative: second,
  unready,
}: {
  http: number[];
  alternative: number[];
  unready: number[];
}) {
  const make = (list: number[]) => list.map((id) => endpoint(id, !unready.includes(id)));
  const list: [typeof http, Endpoint[]][] = [];
  if (first.length > 0) list.push([http, make(first)]);
  const rest = second.filter((id) => !first.includes(id));
  if (rest.length > 0) list.push([alternative, make(rest)]);
  return groups(...list);
}

function contents(slices: readonly PackedSlice[]): string[] {
  return slices
    .flatMap(({ ports, endpoints }) => endpoints.map((one) => `${portsKey(ports)} ${JSON.stringify(one)}`))
    .sort();
}

test("through any series of changes the slices hold what is desired, once, and none holds too much", () => {
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 6 }), (states) => {
      let slices: PackedSlice[] = [];
      let generation = 0;
      for (const next of states) {
        generation += 1;
        const desired = desiredOf(next);
        slices = apply(slices, pack(slices, desired, max)).map((slice, index) => ({
          ...slice,
          name: slice.name.startsWith("new") ? `g${generation}-${index}` : slice.name,
        }));
        const wanted = [...desired.values()].map(({ ports, endpoints }) => ({ name: "", ports, endpoints }));
        assert.deepEqual(contents(slices), contents(wanted));
        assert.ok(slices.every(({ endpoints }) => endpoints.length <= max));
        if (desired.size > 0)
          assert.ok(
            slices.every(({ endpoints }) => endpoints.length > 0),
            "no empty slice",
          );
        else
          assert.deepEqual(
            slices.map(({ endpoints }) => endpoints.length),
            [0],
          );
        const again = pack(slices, desired, max);
        assert.deepEqual([again.create, again.update, again.remove], [[], [], []], "a second pass has nothing to do");
      }
    }),
  );
});

test("no more slices are written than hold a change, and the new endpoints need", () => {
  fc.assert(
    fc.property(state, state, (before, after) => {
      const slices = apply([], pack([], desiredOf(before), max)).map((slice, index) => ({
        ...slice,
        name: `s${index}`,
      }));
      const desired = desiredOf(after);
      const packing = pack(slices, desired, max);
      let changed = 0;
      const held = new Set<string>();
      for (const { ports, endpoints } of slices) {
        const wanted = new Map(desired.get(portsKey(ports))?.endpoints.map((one) => [one.targetRef?.uid, one]));
        for (const one of endpoints) held.add(`${portsKey(ports)} ${one.targetRef?.uid}`);
        const same = endpoints.every((one) => JSON.stringify(wanted.get(one.targetRef?.uid)) === JSON.stringify(one));
        if (!same || endpoints.length === 0) changed += 1;
      }
      let bound = changed + (desired.size === 0 ? 1 : 0);
      for (const [key, { endpoints }] of desired) {
        const added = endpoints.filter(({ targetRef }) => !held.has(`${key} ${targetRef?.uid}`)).length;
        bound += Math.ceil(added / max);
      }
      assert.ok(packing.create.length + packing.update.length + packing.remove.length <= bound);
    }),
  );
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Endpoint } from "../../table.ts";
import { Balancer } from "./balancer.ts";

const endpoint = (name: string): Endpoint => ({
  address: `10.0.0.${name}`,
  port: 80,
  local: true,
  ready: true,
  serving: true,
  terminating: false,
});
const row = (names: string[], affinitySeconds = 0, local: string[] = []) => ({
  cluster: names.map(endpoint),
  local: local.map(endpoint),
  affinitySeconds,
});
const balancerOf = (...args: Parameters<typeof row>) => {
  const balancer = new Balancer(() => 0);
  balancer.update(row(...args));
  return balancer;
};
const name = (chosen: Endpoint | undefined) => chosen?.address.slice("10.0.0.".length);

describe("balancer", () => {
  test("in turn, each set by itself", () => {
    const balancer = balancerOf(["1", "2", "3"], 0, ["2"]);
    const picks = [1, 2, 3, 4].map(() => name(balancer.pick("cluster", "c", 0)));
    assert.deepEqual(picks, ["1", "2", "3", "1"]);
    assert.equal(name(balancer.pick("local", "c", 0)), "2");
    assert.equal(name(balancer.pick("cluster", "c", 0)), "2");
    assert.equal(balancerOf([]).pick("cluster", "c", 0), undefined);
  });

  test("after any changes of the endpoints, a whole number of rounds gives each the same", () => {
    const names = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });
    const step = fc.record({ names, picks: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 4 }), (steps, rounds) => {
        const balancer = new Balancer();
        for (const { names: present, picks } of steps) {
          balancer.update(row(present.map(String)));
          for (let pick = 0; pick < picks; pick += 1)
            assert.ok(present.includes(Number(name(balancer.pick("cluster", "c", 0)))));
        }
        const last = steps.at(-1)!.names;
        const counts = new Map<string, number>();
        for (let pick = 0; pick < rounds * last.length; pick += 1) {
          const chosen = name(balancer.pick("cluster", "c", 0))!;
          counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
        }
        assert.deepEqual([...counts.keys()].map(Number).sort(), last.toSorted());
        assert.ok([...counts.values()].every((count) => count === rounds));
      }),
    );
  });

  test("affinity: per client, as long as it comes back in time, in both sets", () => {
    const balancer = balancerOf(["1", "2", "3"], 10, ["1", "2", "3"]);
    assert.equal(name(balancer.pick("cluster", "a", 0)), "1");
    assert.equal(name(balancer.pick("cluster", "b", 0)), "2");
    assert.equal(name(balancer.pick("cluster", "a", 9_000)), "1");
    assert.equal(name(balancer.pick("local", "a", 19_000)), "1", "each visit begins the time anew");
    assert.equal(name(balancer.pick("cluster", "b", 19_000)), "3", "too late");
  });

  test("affinity ends with its endpoint, for its clients only, and when it is switched off", () => {
    const balancer = balancerOf(["1", "2"], 10);
    balancer.pick("cluster", "a", 0);
    balancer.pick("cluster", "b", 0);
    balancer.update(row(["2", "3"], 10));
    assert.equal(balancer.clients, 1);
    assert.equal(name(balancer.pick("cluster", "b", 1)), "2");
    balancer.update(row(["2", "3"]));
    assert.equal(balancer.clients, 0);
  });

  test("what was tried comes last, and affinity does not insist on it", () => {
    const balancer = balancerOf(["1", "2", "3"], 10);
    const tried: Endpoint[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) tried.push(balancer.pick("cluster", "a", 0, tried)!);
    assert.deepEqual(tried.slice(0, 3).map(name).sort(), ["1", "2", "3"]);
    assert.equal(name(balancer.pick("cluster", "a", 0)), name(tried[3]), "where it ended is where it stays");
    balancer.forget("a");
    assert.equal(balancer.clients, 0);
  });

  test("many clients: memory is bounded, those of long ago go first", () => {
    const balancer = balancerOf(["1", "2"], 10);
    for (let client = 0; client < 70_000; client += 1) balancer.pick("cluster", String(client), 0);
    assert.equal(balancer.clients, 65_536);
    balancer.pick("cluster", "late", 20_000);
    assert.equal(balancer.clients, 1);
  });
});
